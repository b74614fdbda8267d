"""Sessions of browsers and of our own pages: where somebody is signed in, and every way in which that ends."""
