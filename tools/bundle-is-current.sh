# Succeeds where nothing that the programs in dist were made of has changed since: `sh bundle-is-current.sh CLONE`.
# By the time of a file's last change of any kind (ctime), which no tool can set: what was put back with an old date, or
# renamed, is newer too, and so is a folder in which something was removed. In doubt it fails: then the sources run.
stamp="$1/dist/.bundled"
[ -f "$stamp" ] || exit 1
changed=$(find "$1/src" "$1/package.json" "$1/package-lock.json" "$1/tools/bundle.ts" \
  ! -name '*.test.ts' -cnewer "$stamp" -print -quit 2>/dev/null) || exit 1
[ -z "$changed" ]
