"""Lab providers: Pulumi's provider protocol over boto3 and pyVmomi, from one table entry per type.

The real `pulumi-resource-aws` and `pulumi-resource-vsphere` cannot be had from a package registry. These stand in for them on the lab, so
that the same programs run there unchanged; every entry cites the file of the upstream provider whose behaviour it repeats.

Start with `table.py` (what an entry is) and `server.py` (how the engine is answered), then any entry.
"""
