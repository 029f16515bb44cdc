"""The physics: load, encode, initial latents, denoise, decode. The only home of torch."""
