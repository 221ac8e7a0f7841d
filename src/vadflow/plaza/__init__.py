"""The built-in scene: a seeded renderer of a small public place, its people, its events and their exact truth.

`camera` where one looks from, `cast` who may appear, `body` and `things` how they are made of parts, `story` and `events` what
happens, `backdrop` and `render` how it looks, `write` video and truth files. Camera, cast and event list are data (YAML here).
"""
