"""Parts of images, and the index that is made of them."""
