"""The rules of readiness, a module for each part of a machine; `registry` has them all."""
