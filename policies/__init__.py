"""The rule set, its evidence readers, the Pulumi policy pack and the reports. Imports `infra` only."""
