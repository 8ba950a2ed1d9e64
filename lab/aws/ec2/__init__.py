"""moto's EC2, mended: disks with content, images that keep their disks, launches that honour them, refusals as AWS has them."""
