"""What is wrong with a project and its surroundings, and the command that repairs each thing.

A check yields findings and changes nothing. Those of ``environment`` need the standard library alone.
"""
