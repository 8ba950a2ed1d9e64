"""Projected demand with levels that hold as often as they say: trend, calibrated intervals, level shifts, days until full.

    days -> series.read_days -> fit.fit -> project.forecast -> passage.days_until
                                   calibration (own or shipped) gives the levels and how often they held

`infra.forecast.model` is free of numpy; import the rest where it is needed.
"""
