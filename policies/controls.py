"""The controls that rules serve: ids and the titles under which they were published.

Each title was compared with its publication: NIST SP 800-53 revision 5 (an enhancement's after its control's, as in the catalogue), CIS
Amazon Web Services Foundations Benchmark 7.0, AWS Well-Architected Framework (Cost Optimization and Reliability pillars), VMware vSphere
8.0 Virtual Machine STIG.
"""

from __future__ import annotations

CONTROLS: dict[str, str] = {
    "NIST 800-53 AC-4": "Information Flow Enforcement",
    "NIST 800-53 AU-4": "Audit Log Storage Capacity",
    "NIST 800-53 CA-7": "Continuous Monitoring",
    "NIST 800-53 CM-3": "Configuration Change Control",
    "NIST 800-53 CM-6": "Configuration Settings",
    "NIST 800-53 CM-8": "System Component Inventory",
    "NIST 800-53 CP-2(2)": "Contingency Plan | Capacity Planning",
    "NIST 800-53 CP-2(5)": "Contingency Plan | Continue Mission and Business Functions",
    "NIST 800-53 CP-2(6)": "Contingency Plan | Alternate Processing and Storage Sites",
    "NIST 800-53 CP-2(8)": "Contingency Plan | Identify Critical Assets",
    "NIST 800-53 CP-4(2)": "Contingency Plan Testing | Alternate Processing Site",
    "NIST 800-53 CP-6(1)": "Alternate Storage Site | Separation from Primary Site",
    "NIST 800-53 CP-6(2)": "Alternate Storage Site | Recovery Time and Recovery Point Objectives",
    "NIST 800-53 CP-7(1)": "Alternate Processing Site | Separation from Primary Site",
    "NIST 800-53 CP-7(4)": "Alternate Processing Site | Preparation for Use",
    "NIST 800-53 CP-8(2)": "Telecommunications Services | Single Points of Failure",
    "NIST 800-53 CP-9": "System Backup",
    "NIST 800-53 CP-10": "System Recovery and Reconstitution",
    "NIST 800-53 SA-22": "Unsupported System Components",
    "NIST 800-53 SC-5(2)": "Denial-of-service Protection | Capacity, Bandwidth, and Redundancy",
    "NIST 800-53 SC-6": "Resource Availability",
    "NIST 800-53 SC-7": "Boundary Protection",
    "NIST 800-53 SC-8": "Transmission Confidentiality and Integrity",
    "NIST 800-53 SC-28(1)": "Protection of Information at Rest | Cryptographic Protection",
    "NIST 800-53 SI-13(5)": "Predictable Failure Prevention | Failover Capability",
    "AWS COST02-BP05": "Implement cost controls",
    "AWS COST06-BP02": "Select resource type, size, and number based on data",
    "AWS REL01-BP01": "Aware of service quotas and constraints",
    "AWS REL01-BP06": "Ensure that a sufficient gap exists between the current quotas and the maximum usage to accommodate failover",
    "AWS REL02-BP03": "Ensure IP subnet allocation accounts for expansion and availability",
    "AWS REL06-BP01": "Monitor all components for the workload (Generation)",
    "AWS REL09-BP01": "Identify and back up all data that needs to be backed up, or reproduce the data from sources",
    "AWS REL09-BP03": "Perform data backup automatically",
    "AWS REL10-BP01": "Deploy the workload to multiple locations",
    "AWS REL11-BP05": "Use static stability to prevent bimodal behavior",
    "CIS AWS 3.2.1": "Ensure that encryption-at-rest is enabled for RDS instances",
    "CIS AWS 3.2.3": "Ensure that RDS instances are not publicly accessible",
    "CIS AWS 3.2.4": "Ensure Multi-AZ deployments are used for enhanced availability in Amazon RDS",
    "CIS AWS 6.1.1": "Ensure EBS volume encryption is enabled in all regions",
    "CIS AWS 6.2": "Ensure no Network ACLs allow ingress from 0.0.0.0/0 to remote server administration ports",
    "CIS AWS 6.3": "Ensure no security groups allow ingress from 0.0.0.0/0 to remote server administration ports",
    "CIS AWS 6.4": "Ensure no security groups allow ingress from ::/0 to remote server administration ports",
    "CIS AWS 6.7": "Ensure that the EC2 Metadata Service only allows IMDSv2",
    "STIG VMCH-80-000202": "Virtual machines (VMs) must disable 3D features when not required.",
    "STIG VMCH-80-000203": "Virtual machines (VMs) must enable encryption for vMotion.",
    "STIG VMCH-80-000207": "Virtual machines (VMs) must enable logging.",
    "STIG VMCH-80-000208": "Virtual machines (VMs) must not use independent, non-persistent disks.",
    "STIG VMCH-80-000209": "Virtual machines (VMs) must remove unneeded floppy devices.",
    "STIG VMCH-80-000211": "Virtual machines (VMs) must remove unneeded parallel devices.",
    "STIG VMCH-80-000212": "Virtual machines (VMs) must remove unneeded serial devices.",
    "STIG VMCH-80-000213": "Virtual machines (VMs) must remove unneeded USB devices.",
}
"""Each id a rule may name, with its published title. A test holds every rule to this list."""
