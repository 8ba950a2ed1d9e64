"""The EC2-like type: a resource that EC2 creates, describes by id, modifies by one call per property and deletes.

Most of AWS's network types are no more than this, and so is a new one: an `Ec2Type` with its calls and its properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from lab.providers.aws import tags
from lab.providers.aws.session import AwsSession, code_of, is_gone, pick
from lab.providers.table import Change, Field, GeneratedName, Resource, TimedOutError, Work
from lab.providers.values import Values, is_empty

AwsWork = Work[AwsSession]
Modify = Callable[[AwsWork, str, Any], None]

TAGS = Field()
REGION = Field(computed=True, replace=True)


@dataclass(frozen=True, kw_only=True)
class Api(Field):
    """A property of an EC2-like type.

    Attributes:
        send: the parameter of the create call, empty when it is set otherwise.
        path: where the describe answer has it (dotted), empty when it does not.
        modify: the call that changes it in place.
        after: whether it is set by `modify` right after the creation, because the create call has no parameter for it.
    """

    send: str = ""
    path: str = ""
    modify: Modify | None = None
    after: bool = False


@dataclass(frozen=True, kw_only=True)
class Calls:
    """The calls of an EC2-like type, by their boto3 names."""

    create: str
    result: str
    describe: str
    ids: str
    items: str
    delete: str
    key: str
    tagged: str
    states_gone: tuple[str, ...] = ("deleted", "terminated")
    delete_retries: tuple[str, ...] = ("DependencyViolation",)


@dataclass(frozen=True, kw_only=True)
class Ec2Type(Resource[AwsSession]):
    """One EC2-like type, by data alone; a subclass overrides what is special.

    Attributes:
        arn: the resource part of its ARN, `{id}` standing for the id.
        computed: further outputs by their path in the describe answer.
    """

    name: str
    upstream: str
    calls: Calls
    fields: Mapping[str, Field]
    arn: str = ""
    computed: Mapping[str, str] = field(default_factory=dict)
    generated_name: GeneratedName | None = None
    delete_before_replace: bool = False

    def create(self, work: AwsWork, inputs: Values) -> str:
        """One create call with every property that has a parameter."""
        parameters = {
            entry.send: inputs[name] for name, entry in self._api() if entry.send and name in inputs and not is_empty(inputs[name])
        }
        specification = tags.specification(self.calls.tagged, inputs.get("tags"))
        if specification:
            parameters["TagSpecifications"] = specification
        answer = getattr(work.session.ec2, self.calls.create)(**parameters, **self.parameters(work, inputs))
        return str(pick(answer, self.calls.result))

    def parameters(self, work: AwsWork, inputs: Values) -> Values:
        """Further parameters of the create call."""
        _ = work, inputs
        return {}

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """Set what the create call has no parameter for, where it differs from what came."""
        item = self.item(work, id_) or {}
        there = self.state(work, id_, item)
        for name, entry in self._api():
            if entry.after and entry.modify and name in inputs and inputs[name] != there.get(name):
                entry.modify(work, id_, inputs[name])

    def item(self, work: AwsWork, id_: str) -> Values | None:
        """The describe answer's entry, or nothing when it is gone."""
        try:
            answer = getattr(work.session.ec2, self.calls.describe)(**{self.calls.ids: [id_]})
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        items = answer.get(self.calls.items) or []
        if not items or items[0].get("State") in self.calls.states_gone:
            return None
        return dict(items[0])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Describe it and translate."""
        _ = prior
        item = self.item(work, id_)
        return None if item is None else self.state(work, id_, item)

    def state(self, work: AwsWork, id_: str, item: Values) -> Values:
        """The describe answer in Pulumi's names."""
        state: Values = {"id": id_, "region": work.session.region}
        state.update({name: pick(item, entry.path) for name, entry in self._api() if entry.path})
        state.update({name: pick(item, path) for name, path in self.computed.items()})
        if "tags" in self.fields:
            state.update(tags.told(work.session, item.get("Tags") or item.get("TagSet")))
        if self.arn:
            owner = str(item.get("OwnerId") or "")
            state["arn"] = work.session.arn("ec2", self.arn.format(id=id_), owner=owner)
        state.update(self.more(work, id_, item))
        return state

    def more(self, work: AwsWork, id_: str, item: Values) -> Values:
        """Outputs that take further calls."""
        _ = work, id_, item
        return {}

    def update(self, work: AwsWork, change: Change) -> None:
        """One call per property that differs."""
        for name, entry in self._api():
            if name in change.changed and entry.modify is not None:
                entry.modify(work, change.id, change.new.get(name))
        if change.touches("tags"):
            tags.bring_ec2_tags(work.session, change)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Delete it, as long as what depends on it takes to go."""
        _ = state
        remove(
            work,
            f"{self.calls.delete} of {id_}",
            lambda: getattr(work.session.ec2, self.calls.delete)(**{self.calls.key: id_}),
            self.calls.delete_retries,
        )

    def _api(self) -> list[tuple[str, Api]]:
        return [(name, entry) for name, entry in self.fields.items() if isinstance(entry, Api)]


def remove(work: AwsWork, what: str, call: Callable[[], Any], retries: tuple[str, ...] = ()) -> None:
    """Make a deleting call until it succeeds or the thing is gone; the codes in `retries` mean "not yet"."""
    last: list[ClientError] = []

    def attempt() -> bool | None:
        try:
            call()
        except ClientError as error:
            if is_gone(error):
                return True
            if code_of(error) not in retries:
                raise
            last[:] = [error]
            return None
        return True

    try:
        work.wait.until(what, attempt)
    except TimedOutError as error:
        raise (last[0] if last else error) from error


def modify_attribute(call: str, key: str, parameter: str, *, wrapped: bool = True) -> Modify:
    """A `Modify...Attribute` call for one property."""

    def modify(work: AwsWork, id_: str, value: Any) -> None:
        getattr(work.session.ec2, call)(**{key: id_, parameter: {"Value": value} if wrapped else value})

    return modify
