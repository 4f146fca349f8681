"""What holds for every test."""

import os

from hypothesis import settings

# A loaded machine is slow at times; benchmarks hold speed, not tests. Whoever works on the code gets new
# examples in every run; what decides over a change (.ci/run) tries the same ones for the same code.
settings.register_profile("any machine", deadline=None, derandomize="RISKKIT_CI" in os.environ)
settings.load_profile("any machine")
