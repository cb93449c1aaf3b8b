"""What holds for the whole suite."""

from hypothesis import settings

# The same examples every time, so that a failure is everybody's; a busy machine is no failure.
settings.register_profile("keruen", deadline=None, derandomize=True, database=None)
settings.load_profile("keruen")
