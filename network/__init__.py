"""The world: places, links, facilities, services, and how to get from one to another.

Nothing here knows that there is a simulation: ``network`` never imports ``sim``.
"""
