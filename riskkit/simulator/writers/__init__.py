"""Writers of the evidence pack: one file per place in it."""
