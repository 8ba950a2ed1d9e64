"""Examples of every rule: a small estate that passes them all, and the edits that make a rule fail, be undecided or not applicable.

Rule pages print what the rules really say of them, and the contract tests hold every rule to them.
"""
