"""The version, said once: the build, the command line and the manifests read it here."""

VERSION = "0.1.0"
