"""The page's style sheet: system fonts, two palettes by what the reader's system prefers, a form for print."""

from __future__ import annotations

from typing import Final

CSS: Final = """
:root{color-scheme:light dark;--page:#fff;--card:#f6f7f9;--ink:#16191d;--dim:#59616b;--line:#dfe3e8;
--one:#1f5fbf;--two:#b8460e;--three:#0b7a6f;--bad:#b3132b;--good:#15703b;--warn:#8a5a00}
@media (prefers-color-scheme:dark){:root{--page:#111418;--card:#1a1e24;--ink:#e8ebef;--dim:#9aa4b0;
--line:#2c323a;--one:#7fb0ff;--two:#ff9f6b;--three:#4fc9b8;--bad:#ff7b8c;
--good:#6fd394;--warn:#e8b34b}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:32px 24px 48px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;margin:40px 0 12px}
p{margin:4px 0}
.dim{color:var(--dim)}
.wrap{overflow-wrap:anywhere}
.tags{display:flex;flex-wrap:wrap;gap:8px;margin:16px 0 0}
.tag{border:1px solid;border-radius:6px;padding:3px 10px;font-size:14px}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.plain{color:var(--dim)}
ul{margin:8px 0 0;padding-left:20px;color:var(--dim)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 0}
.card{background:var(--card);border-radius:8px;padding:14px 14px}
.card b{display:block;font-size:24px;line-height:1.3;font-weight:650;white-space:nowrap}
.card span{display:block;color:var(--dim);font-size:13px}
.doubt b{color:var(--dim)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{color:var(--dim);font-weight:500}
.text{text-align:left}
.strong td{font-weight:650}
.charts{display:grid;grid-template-columns:minmax(0,1fr);gap:32px}
.side{display:grid;grid-template-columns:repeat(auto-fit,minmax(280px,1fr));gap:32px 28px}
figure{margin:0;min-width:0}
figcaption{display:flex;flex-wrap:wrap;gap:4px 18px;justify-content:space-between;margin:0 0 8px;font-size:14px}
.title{font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;color:var(--dim)}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;margin:0 6px 3px 0;vertical-align:middle}
.plot{display:grid;grid-template-columns:62px 1fr;grid-template-rows:170px 24px}
.tall{grid-template-rows:260px 24px}
.area,.heights,.widths{position:relative}
.area svg{display:block;width:100%;height:100%;overflow:visible}
.widths{grid-column:2}
.heights span,.widths span,.rule{position:absolute;
font-size:12px;line-height:1;color:var(--dim);white-space:nowrap}
.heights span{right:8px;transform:translateY(50%)}
.widths span{top:8px;transform:translateX(-50%)}
.widths .first{transform:none}.widths .last{transform:translateX(-100%)}
.rule{top:2px;padding-left:5px}.rule.last{transform:translateX(-100%);padding:0 5px 0 0}
path{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}
.grid{stroke:var(--line);stroke-width:1}
.rules{stroke:var(--dim);stroke-width:1;stroke-dasharray:3 3}
.bars{stroke-width:1.5;stroke-linecap:butt;opacity:.45}
.curve{stroke-width:1.8}
.fill{opacity:.12;stroke:none}
dl{margin:0;display:grid;grid-template-columns:1fr 1fr;gap:0 28px}
dl div{display:flex;gap:16px;justify-content:space-between;border-bottom:1px solid var(--line);padding:6px 0;
font-size:14px}
dt{color:var(--dim);white-space:nowrap}
dd{margin:0;text-align:right;overflow-wrap:anywhere;min-width:0}
footer{margin:40px 0 0;color:var(--dim);font-size:13px}
@media (max-width:720px){main{padding:20px 16px 32px}h1{font-size:21px}dl{grid-template-columns:1fr}
.cards{grid-template-columns:1fr 1fr;gap:8px}.card{padding:10px 12px}.card b{font-size:20px}
.plot{grid-template-columns:54px 1fr}.tall{grid-template-rows:200px 24px}}
@media print{main{max-width:none;padding:0}figure,.card,tr{break-inside:avoid}.scroll{overflow:visible}}
"""
