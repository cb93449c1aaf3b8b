"""The commands of the command line, by what they are about.

A command is a function that takes what the user gave, calls one function of the rooms, and
prints what comes back; ``cli.py`` gives it its name. It imports the rooms it needs inside
itself, so that ``--help`` stays fast, and catches nothing: ``door.status_of`` turns every
error into one message and an exit code, for all commands alike.
"""
