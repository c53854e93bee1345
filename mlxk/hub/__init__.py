"""Models on disk and on the hub; the only user of huggingface_hub.

`references` leads from names to folders, `facts` reads a folder, `health` tells everything that is wrong with
one, `cache` what is here. `preflight` asks the hub about a model, `pull` and `push` move one, each in a child
process (`errand`). What the library and the network raise is mapped in `failures`.
"""
