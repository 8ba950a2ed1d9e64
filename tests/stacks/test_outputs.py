"""Outputs of a layer: written by one stack, read by another, complete or refused."""

from __future__ import annotations

import pytest

from infra.errors import InclineError
from infra.outputs import AwsFoundation
from infra.stack_config import Layer, StackName
from tests.fakes import estates
from tests.fakes.foundations import aws_foundation

NAME = StackName(site="aws-east", layer=Layer.FOUNDATION)


def test_what_is_exported_is_read_back_the_same() -> None:
    written = aws_foundation(estates.estate())

    assert AwsFoundation.parse(NAME, written.export()) == written


def test_a_foundation_of_an_older_program_names_what_is_missing() -> None:
    outputs = aws_foundation(estates.estate()).export()
    del outputs["kmsKeyArn"]

    with pytest.raises(InclineError, match=r"stack aws-east\.foundation does not offer kmsKeyArn") as refused:
        AwsFoundation.parse(NAME, outputs)

    assert refused.value.next_step == "pulumi up --stack aws-east.foundation"
