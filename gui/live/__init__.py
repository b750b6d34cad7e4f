"""The Live page: a model looks at a camera, a video, pictures or a drawing."""
