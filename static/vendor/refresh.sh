#!/usr/bin/env bash
# Fetches the third-party front-end files again, at the versions written here, and rebuilds the icon
# sprite. For maintainers only: neither running, testing nor deploying the product calls it.
# Needs npm, python3 (with fonttools and brotli) and sha256sum. Usage: static/vendor/refresh.sh
set -euo pipefail

vendor="$(cd "$(dirname "$0")" && pwd)"
icons="$vendor/../icons"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fetch() { # fetch <folder> <package@version>: unpacks one package into $work/<folder>
    mkdir -p "$work/$1"
    tar xzf "$work/$(cd "$work" && npm pack --silent "$2")" -C "$work/$1" --strip-components=1
    rm -rf "${vendor:?}/$1"
    mkdir -p "$vendor/$1"
}

take() { # take <folder> <file in the package>…: copies without the link to a source map we do not ship
    local folder="$1" file
    shift
    for file in "$@"; do
        sed -E -e 's%/\*# sourceMappingURL=[^*]*\*/%%' -e 's%^//# sourceMappingURL=.*$%%' \
            "$work/$folder/$file" > "$vendor/$folder/$(basename "$file")"
    done
}

fetch tabler @tabler/core@1.6.1
take tabler dist/css/tabler.min.css dist/js/tabler.min.js
# The package carries no licence file: the terms are named in its package.json and in each file's head.
cat > "$vendor/tabler/LICENSE" <<'LICENCE'
MIT License

Copyright (c) 2018-2026 The Tabler Authors
Copyright (c) 2018-2026 codecalm.net Paweł Kuna

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
LICENCE

fetch htmx htmx.org@4.0.1
take htmx dist/htmx.min.js LICENSE

fetch echarts echarts@6.0.0 # 6.1.0 cannot draw Sankey and graph series
take echarts dist/echarts.min.js i18n/langFR.js LICENSE NOTICE
cp -r "$work/echarts/licenses" "$vendor/echarts/"

fetch sortable sortablejs@1.15.7
take sortable Sortable.min.js LICENSE

fetch inter @fontsource-variable/inter@5.3.0
cp "$work"/inter/files/inter-latin-wght-normal.woff2 "$work"/inter/files/inter-latin-ext-wght-normal.woff2 \
    "$work/inter/LICENSE" "$vendor/inter/"
# For documents on paper: typst reads neither woff2 nor variable fonts, so two weights of both subsets become one file each.
paper="$vendor/../../templates/reports/fonts"
cp "$vendor/inter/LICENSE" "$paper/"
python3 - "$vendor/inter" "$paper" "$work" <<'PYTHON'
import pathlib, sys

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

source, target, work = map(pathlib.Path, sys.argv[1:])
for name, weight in {"Regular": 400, "SemiBold": 600}.items():
    parts = []
    for subset in ("latin", "latin-ext"):
        font = TTFont(source / f"inter-{subset}-wght-normal.woff2")
        font.flavor = None
        font = instantiateVariableFont(font, {"wght": weight}, updateFontNames=True)
        for table in ("STAT", "GDEF", "MVAR", "HVAR"):
            if table in font:
                del font[table]
        options = Options(layout_features=["kern", "ccmp", "locl", "tnum", "mark", "mkmk", "calt"], name_IDs=["*"])
        options.notdef_outline, options.glyph_names = True, False
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=font.getBestCmap().keys())
        subsetter.subset(font)
        parts.append(str(work / f"{subset}-{weight}.ttf"))
        font.save(parts[-1])
    Merger().merge(parts).save(target / f"Inter-{name}.ttf")
PYTHON

fetch tabler-icons @tabler/icons@3.51.0
take tabler-icons LICENSE
python3 - "$work/tabler-icons/icons/outline" "$icons" <<'PYTHON'
import pathlib, re, sys

source, target = map(pathlib.Path, sys.argv[1:])
names = [line for line in (target / "icons.txt").read_text().split("\n") if line and not line.startswith("#")]
symbols = []
for name in sorted(set(names)):
    drawing = re.sub(r"\s+", " ", (source / f"{name}.svg").read_text())
    body = re.sub(r'<path stroke="none"[^>]*/>', "", re.search(r"<svg[^>]*>(.*)</svg>", drawing).group(1))
    body = body.replace(" />", "/>").replace("> <", "><").strip()
    symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
(target / "sprite.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n")
PYTHON

cd "$vendor"
{
    echo "Third-party files in this folder, unchanged but for the removed links to source maps. Made by refresh.sh."
    echo
    echo "folder        package                      version  licence"
    echo "tabler        @tabler/core                 1.6.1    MIT (contains Bootstrap 5 and Popper, MIT)"
    echo "htmx          htmx.org                     4.0.1    0BSD"
    echo "echarts       echarts                      6.0.0    Apache-2.0 (contains parts of D3, BSD-3-Clause; zrender, BSD-3-Clause)"
    echo "sortable      sortablejs                   1.15.7   MIT"
    echo "inter         @fontsource-variable/inter   5.3.0    OFL-1.1"
    echo "tabler-icons  @tabler/icons                3.51.0   MIT (drawings in ../icons/sprite.svg)"
    echo
    echo "SHA-256"
    find . -type f -mindepth 2 | LC_ALL=C sort | xargs sha256sum
    (cd .. && sha256sum icons/sprite.svg)
} > VENDOR.txt
