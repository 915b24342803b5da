"""The package is of 2018: names that Python has moved since then are where it looks for them. The package itself stays as it is."""
import collections
import collections.abc

for name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Callable"):
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
