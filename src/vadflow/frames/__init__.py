"""From a video file or an image folder to packed frames, differences and flow."""
