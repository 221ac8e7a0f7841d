"""The built-in scene: a seeded renderer of a small public place, its people, its events and their exact truth.

`camera` says where one looks from, `cast` who may appear, `body` and `things` how they are made of `parts`;
`story`, `actors`, `events` and `motion` what happens; `sprite`, `backdrop` and `render` how it looks; `truth` and
`write` what is kept of it. Camera (with its event list) and cast are data: YAML files in this folder.
"""
