"""Labels held against faces: which labels are one person, which faces are under the wrong one. Pure numpy."""
