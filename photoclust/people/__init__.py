"""Vectors to people; pure numpy, nothing here touches a pixel or a file."""
