"""The package `marathon-proxy-manager` as its command starts it. It is of Python 2: its dictionaries get the name of then for their items."""
import runpy

import marathon_proxy_manager.nginx as program


class DictionaryOfThen(dict):
    iteritems = dict.items


# Found before the builtin of that name; the package itself stays as it is.
program.dict = DictionaryOfThen
runpy.run_module("marathon_proxy_manager.__main__", run_name="__main__")
