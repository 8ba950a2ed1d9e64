"""The look that all pages share: one HTML file each, no network, no script needed to read it, for a screen, a phone, paper and the dark.

`base.html` holds the head, the style and the frame; a page of another package extends it. The module owns no content.
"""
