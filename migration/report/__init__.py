"""What architects look at: the one-file report, the map of the estate as SVG, draw.io and DOT, the workbook."""
