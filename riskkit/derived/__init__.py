"""Tables made of other tables, one file each, and what several questions share about their inputs."""
