"""The other file formats that a build reads: Dockerfiles, ignore files, dotenv."""
