"""A Python language host for the Pulumi engine: what `pulumi-language-python` is in a full installation, which no package registry carries.

It starts Pulumi programs and policy packs in the project's own virtual environment and stays out of their way: their output and
their errors reach the engine unchanged. It generates no code (`pulumi import` wants `--generate-code=false`) and attaches no debugger.
"""

ENGINE_VERSION = "3.250.0"
"""The engine's version: the protocol this host was written for and is tested with."""
