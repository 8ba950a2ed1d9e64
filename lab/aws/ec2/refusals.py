"""EC2's own error codes for what the lab refuses. AWS documents the codes; messages follow its wording where it is known."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError


def refuse(code: str, message: str) -> EC2ClientError:
    """An EC2 error answer, to be raised."""
    return EC2ClientError(code, message)


def incorrect_instance_state(instance_id: str, what: str) -> EC2ClientError:
    """The instance is not in a state for this."""
    return refuse("IncorrectInstanceState", f"The instance '{instance_id}' is not in a state from which it can be {what}.")


def snapshot_not_found(snapshot_id: str) -> EC2ClientError:
    """No such snapshot."""
    return refuse("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def snapshot_not_completed(snapshot_id: str) -> EC2ClientError:
    """The snapshot's content is not all there yet."""
    return refuse("IncorrectState", f"Snapshot '{snapshot_id}' is not in the completed state.")


def dependency(message: str) -> EC2ClientError:
    """Something else still uses the object."""
    return refuse("DependencyViolation", message)


def bad_value(message: str) -> EC2ClientError:
    """A parameter's value does not fit."""
    return refuse("InvalidParameterValue", message)


def bad_combination(message: str) -> EC2ClientError:
    """Parameters do not fit each other."""
    return refuse("InvalidParameterCombination", message)
