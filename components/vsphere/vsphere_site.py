"""A data centre run by vCenter, as far as its servers need it: folder, resource pools, and the city's vocabulary of tags.

Start where you are: what the vCenter already has is adopted, what it lacks is made. Clusters, datastores and networks are looked up and
never declared, since they belong to the people who run the hosts. Tags are global in a vCenter: of several sites on one vCenter the first
by name owns them, the others take their ids from its foundation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_vsphere as vsphere

from components.base import ChildOptions, Component
from components.vsphere.tag_vocabulary import Vocabulary, declare_tags
from components.vsphere.vcenter import VcenterLookup
from infra.estate.model import VsphereSite as EstateSite
from infra.outputs import Ids, VsphereFoundation
from infra.stack_state import StackState

FOLDER_TYPE = "vsphere:index/folder:Folder"
POOL_TYPE = "vsphere:index/resourcePool:ResourcePool"


@dataclass(frozen=True, kw_only=True)
class VsphereSiteArgs:
    """What a vSphere site is declared from.

    Args:
        site: the entry of the estate.
        provider: the site's provider.
        stack: the state of the stack that declares it.
        vocabulary: the tags that this site owns for its vCenter; None where another site does.
        foreign_tags: ids of the tags that another site owns.
    """

    site: EstateSite
    provider: pulumi.ProviderResource
    stack: StackState
    vocabulary: Vocabulary | None
    foreign_tags: Ids


class VsphereSite(Component):
    """The foundation of a vSphere site; `ids` is what its servers need."""

    urn_type: ClassVar[str] = "incline:vsphere:VsphereSite"

    ids: VsphereFoundation

    def __init__(self, name: str, *, args: VsphereSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        site = args.site
        intent = {"site": site.name, "title": site.title, "datacenter": site.datacenter, "clusters": [each.name for each in site.clusters]}
        super().__init__(name, intent=intent, opts=opts)
        vcenter = VcenterLookup(site, args.provider)
        children = self.children()
        datacenter = vcenter.datacenter()
        roots = {cluster.name: vcenter.cluster(cluster.name, datacenter) for cluster in site.clusters}
        self.ids = VsphereFoundation(
            datacenter_id=datacenter,
            folder=_folder(args, datacenter, vcenter, children).path,
            pools={each: _pool(args, each, root.resource_pool_id, vcenter, children).id for each, root in roots.items()},
            clusters={each: root.id for each, root in roots.items()},
            datastores={each.name: vcenter.datastore(each.name, datacenter) for each in site.datastores},
            networks={each.name: vcenter.network(each.name, datacenter) for each in site.networks},
            tags=_tags(args, vcenter, children),
        )
        self.register_outputs(self.ids.export())


def _folder(args: VsphereSiteArgs, datacenter: pulumi.Output[str], vcenter: VcenterLookup, children: ChildOptions) -> vsphere.Folder:
    name, path = f"{args.site.name}-folder", f"/{args.site.datacenter}/vm/{args.site.folder}"
    adopt = not args.stack.owns(FOLDER_TYPE, name) and vcenter.has_folder(path)
    return vsphere.Folder(
        name, path=args.site.folder, type="vm", datacenter_id=datacenter, opts=children.adopted(path if adopt else None, protect=True)
    )


def _pool(
    args: VsphereSiteArgs, cluster: str, root: pulumi.Output[str], vcenter: VcenterLookup, children: ChildOptions
) -> vsphere.ResourcePool:
    pool = next(each.resource_pool for each in args.site.clusters if each.name == cluster)
    name, path = f"{args.site.name}-pool-{cluster}", f"/{args.site.datacenter}/host/{cluster}/Resources/{pool}"
    adopt = not args.stack.owns(POOL_TYPE, name) and vcenter.has_pool(path)
    return vsphere.ResourcePool(name, name=pool, parent_resource_pool_id=root, opts=children.adopted(path if adopt else None, protect=True))


def _tags(args: VsphereSiteArgs, vcenter: VcenterLookup, children: ChildOptions) -> Mapping[str, pulumi.Input[str]]:
    if args.vocabulary is None:
        return args.foreign_tags
    return declare_tags(args.site.name, args.vocabulary, vcenter, args.stack, children)
