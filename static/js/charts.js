/* Draws the charts of a page with ECharts. app.js loads this file where a [data-chart] stands.

   Each <div data-chart="ID"> names a JSON block (json_script) of this shape, made by crm_site/lib/charts.py:
     kind      whale | line | bar | stacked | donut | treemap | waterfall | flow | scatter
     title, summary    words; the summary is what a screen reader hears
     x         {label, type: text | number | percent | date | month, values}; dates are ISO text
     y         {label}
     series    [{name, values (null: not known), colour, colours (one per point), joined (of a scatter: a line)}]
     format    money | number | percent, with currency and digits
     marks     [{x, y, label}], links: one address per point, or null
     names     of a scatter: what each point is called; sizes: how large each is; its marks are lines that cross there
     flows     of a flow: [{source, target, source_colour, target_colour}], one for each point
     closeUp   whether the axis of values begins near the smallest one
   Colours are names of custom properties in app.css, so both themes are right and a change of theme redraws.
   Tooltips are drawn inside the SVG (richText): HTML ones would need inline styles, which the CSP forbids. */
(() => {
  "use strict";
  const root = document.documentElement;
  const language = root.lang || "en";
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const drawn = new Map();
  let printing = false;

  /* --- Colours --------------------------------------------------------------------------------------------------- */

  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  /* A custom property as plain rgb(): light-dark(), oklch() and color-mix() are resolved by the browser, once per theme. */
  const palette = new Map();
  const channels = (name) => {
    const sample = document.createElement("span");
    sample.style.setProperty("color", `var(--${name})`);
    document.body.append(sample);
    probe.fillStyle = getComputedStyle(sample).color;
    sample.remove();
    probe.clearRect(0, 0, 1, 1);
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const colour = (name, alpha = 1) => {
    if (!palette.has(name)) palette.set(name, channels(name));
    return `rgba(${palette.get(name).join(",")},${alpha})`;
  };

  const seriesColour = (series, index) => colour(series.colour || `series-${(index % 6) + 1}`);

  /* --- Words and figures -------------------------------------------------------------------------------------------- */

  const plain = (spec, compact) => {
    const digits = spec.digits ?? (spec.format === "money" ? 2 : spec.format === "percent" ? 1 : 0);
    const places = compact ? { notation: "compact", maximumFractionDigits: 1 } : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    if (spec.format === "money") return { style: "currency", currency: spec.currency, ...places };
    if (spec.format === "percent") return { style: "percent", maximumFractionDigits: compact ? 0 : digits };
    return places;
  };

  const writer = (spec, compact = false) => {
    const format = new Intl.NumberFormat(language, plain(spec, compact));
    const small = compact && spec.format !== "percent" ? shortest(spec) : () => null;
    return (value) => (value === null || value === undefined || Number.isNaN(value) ? "—" : (small(value) || format).format(value));
  };

  /* What is short anyway is not shortened: counts below ten thousand, and amounts below a thousand, to the cent below ten. */
  const shortest = (spec) => {
    const style = spec.format === "money" ? { style: "currency", currency: spec.currency } : {};
    const few = spec.format === "money" ? 999.5 : 9999.5;
    const [whole, exact] = [0, 2].map((digits) => new Intl.NumberFormat(language, { ...style, minimumFractionDigits: style.style ? digits : 0, maximumFractionDigits: digits }));
    return (value) => (Math.abs(value) >= few ? null : Math.abs(value) < 10 && !Number.isInteger(value) ? exact : whole);
  };

  const PERCENT = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const NUMBER = new Intl.NumberFormat(language);
  const DAY = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const MONTH = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { month: "short", year: "numeric", timeZone: "UTC" });

  const xWriter = (spec) => (value) => {
    switch (spec.x.type) {
      case "percent": return PERCENT.format(Number(value));
      case "number": return NUMBER.format(Number(value));
      case "date": return DAY.format(new Date(value));
      case "month": return MONTH.format(new Date(value));
      default: return String(value);
    }
  };

  const narrow = (box) => box.clientWidth < 480;
  const LETTER = 6.6; // pixels that a letter of a label takes on average
  const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

  /* What is longer than there is room for, in two lines that break between words near the middle. */
  const inTwo = (text, length) => {
    if (text.length <= length) return text;
    const spaces = [...text].map((letter, at) => (letter === " " ? at : -1)).filter((at) => at > 0);
    const middle = spaces.reduce((best, at) => (Math.abs(at - text.length / 2) < Math.abs(best - text.length / 2) ? at : best), 0);
    return middle ? `${text.slice(0, middle)}\n${text.slice(middle + 1)}` : text;
  };

  /* --- Parts that all kinds share ------------------------------------------------------------------------------------ */

  const base = (spec) => ({
    animation: !still.matches && !printing,
    animationDuration: 350,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink-2") },
    aria: { enabled: true, label: { description: [spec.title, spec.summary].filter(Boolean).join(". ") } },
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: colour("surface"),
      borderColor: colour("line-strong"),
      borderWidth: 1,
      padding: [8, 12],
      shadowBlur: 16,
      shadowColor: "rgba(0,0,0,0.14)",
      textStyle: {
        color: colour("ink"), fontSize: 12.5, lineHeight: 19, fontFamily: getComputedStyle(document.body).fontFamily,
        rich: { head: { color: colour("ink-3"), fontSize: 12, lineHeight: 20 }, strong: { fontWeight: 600, color: colour("ink"), lineHeight: 19 } },
      },
    },
    grid: { left: 8, right: 16, top: 20, bottom: 8, containLabel: true },
  });

  const text = (tint, fontSize = 12.5, fontWeight = 400) => ({ color: colour(tint), fontSize, fontWeight });
  const labels = () => text("ink-3", 12);

  const valueAxis = (spec, extra = {}) => ({
    type: "value",
    axisLabel: { ...labels(), formatter: writer(spec, true) },
    splitLine: { lineStyle: { color: colour("line"), width: 1 } },
    axisLine: { show: false },
    axisTick: { show: false },
    ...extra,
  });

  /* As many letters of a name as there is room for below its place; where places are narrow, some go unnamed. */
  const room = (spec, box) => Math.max(spec.kind === "line" ? 20 : narrow(box) ? 12 : 16, Math.min(44, Math.floor(((box.clientWidth - 80) / spec.x.values.length - 12) / LETTER)));

  const categoryAxis = (spec, box, extra = {}) => ({
    type: "category",
    data: spec.x.values,
    axisLabel: { ...labels(), hideOverlap: true, formatter: (value) => cut(xWriter(spec)(value), room(spec, box)) },
    axisLine: { lineStyle: { color: colour("line-strong") }, onZero: true },
    axisTick: { show: false },
    ...extra,
  });

  /* Names below so many places that all of them cannot be written: every second, third… is, beginning with the first. */
  const spaced = (spec, box, axis) => {
    const longest = Math.max(...spec.x.values.map((value) => cut(xWriter(spec)(value), room(spec, box)).length));
    const each = (box.clientWidth - 80) / spec.x.values.length;
    return { ...axis, axisLabel: { ...axis.axisLabel, hideOverlap: false, interval: Math.max(0, Math.ceil((longest * LETTER + 12) / each) - 1) } };
  };

  /* The first and the last label of an axis that begins and ends with a point stay within the drawing. */
  const inside = (axis) => ({ ...axis, axisLabel: { ...axis.axisLabel, alignMinLabel: "left", alignMaxLabel: "right" } });

  /* Long names are cut so that all of them stand in one line, where that leaves enough of each. */
  const legend = (spec, box) => (spec.series.length > 1
    ? {
      legend: {
        data: spec.series.map((series) => series.name), top: 0, left: 0, type: "scroll", icon: "roundRect", itemWidth: 12, itemHeight: 4, itemGap: 18,
        formatter: (name) => cut(name, Math.max(24, Math.floor((box.clientWidth / spec.series.length - 48) / LETTER))),
        textStyle: text("ink-2"), pageTextStyle: { color: colour("ink-3") },
        pageIconColor: colour("ink-2"), pageIconInactiveColor: colour("line-strong"),
      },
    }
    : {});

  const tooltipLines = (spec) => (points) => {
    const write = writer(spec);
    const x = xWriter(spec)(spec.x.values[points[0].dataIndex]);
    const lines = points.filter((point) => point.seriesIndex < spec.series.length).map((point) => {
      const value = Array.isArray(point.value) ? point.value[1] : point.value;
      return `${point.marker || ""}${spec.series.length > 1 ? `${point.seriesName}  ` : ""}{strong|${write(value)}}`;
    });
    return [`{head|${spec.x.type === "percent" ? `${spec.x.label}: ` : ""}${x}}`, ...lines].join("\n");
  };

  const axisTooltip = (spec, axisPointer) => ({ ...base(spec).tooltip, trigger: "axis", axisPointer, formatter: tooltipLines(spec) });

  const LATE = 0.7; // from this share of customers on, names to the right of a mark would leave the drawing

  /* --- One function per kind ------------------------------------------------------------------------------------------- */

  const kinds = {
    /* Customers from best to worst against their cumulative profit: what lies above the last value is lost again. */
    whale(spec, box) {
      const series = spec.series[0];
      const points = series.values.map((y, index) => [Number(spec.x.values[index]), y]);
      const end = points.at(-1)[1];
      const brand = colour(series.colour || "brand-text");
      const small = narrow(box);
      const peak = points.reduce((best, point) => (point[1] > best[1] ? point : best), points[0]);
      const inOrder = [...spec.marks].sort((one, other) => one.x - other.x);
      const [rising, falling] = [inOrder.filter((mark) => mark.x < peak[0]), inOrder.filter((mark) => mark.x > peak[0])];
      const place = (mark) => {
        if (falling.includes(mark)) return aside(falling.indexOf(mark), mark);
        if (rising.includes(mark) && spec.marks.length > 1) return below(rising, mark);
        return Number(mark.x) > LATE ? { position: [12, -22], align: "right" } : { position: [-6, -22], align: "left" };
      };
      const late = [];
      /* Names above the end of the curve stand one above the other where their marks are close. */
      const apart = (mark) => {
        const found = place(mark);
        if (found.align !== "right" || found.position[1] > 0) return found;
        const close = late.filter((x) => Math.abs(x - Number(mark.x)) < 0.3).length;
        late.push(Number(mark.x));
        return { ...found, position: [found.position[0], found.position[1] - 20 * close] };
      };
      const marks = spec.marks.map((mark) => ({
        coord: [Number(mark.x), mark.y],
        name: mark.label,
        label: {
          show: box.clientWidth >= 640, // where there is no room the marks stand in words below
          ...apart(mark),
          formatter: cut(mark.label, 64),
        },
      }));
      return {
        ...base(spec),
        ...legend(spec, box),
        grid: { left: 8, right: 20, top: spec.series.length > 1 ? 48 : 36, bottom: 28, containLabel: true },
        tooltip: axisTooltip(spec, { lineStyle: { color: colour("line-strong") } }),
        xAxis: {
          type: "value", min: 0, max: 1, name: small ? "" : spec.x.label, nameLocation: "middle", nameGap: 30, nameTextStyle: labels(),
          axisLabel: { ...labels(), formatter: xWriter(spec) }, splitLine: { show: false }, axisTick: { show: false },
          axisLine: { onZero: true, lineStyle: { color: colour("line-strong") } },
        },
        yAxis: valueAxis(spec, { boundaryGap: [0, "6%"] }),
        series: [
          {
            type: "line", name: series.name, data: points, symbol: "none", z: 4,
            lineStyle: { width: 2.5, color: brand }, itemStyle: { color: brand },
            markLine: {
              silent: true, symbol: "none", data: [{ yAxis: end }], lineStyle: { color: colour("ink-3"), type: [4, 4], width: 1 },
              label: { formatter: writer(spec)(end), position: "insideEndBottom", color: colour("ink-2"), fontSize: 12 },
            },
            markPoint: {
              symbol: "circle", symbolSize: 11, data: marks,
              itemStyle: { color: colour("accent"), borderColor: colour("surface"), borderWidth: 2 },
              label: { color: colour("ink"), fontSize: 12.5, fontWeight: 600, textBorderColor: colour("surface"), textBorderWidth: 3 },
            },
          },
          ...overlaid(spec),
          /* Earned up to the peak, and of it what is kept; in red what the customers after the peak cost again. */
          ground(points.filter(([x]) => x <= peak[0]), "start", brand, 0.12),
          ground(points.filter(([x]) => x >= peak[0]).map(([x, y]) => [x, Math.min(y, end)]), "start", brand, 0.12),
          ground(points.filter(([x]) => x >= peak[0]), end, colour("negative"), 0.16),
        ],
      };
    },

    line(spec, box) {
      return {
        ...base(spec), ...legend(spec, box),
        grid: { left: 8, right: 16, top: spec.series.length > 1 ? 40 : 16, bottom: 8, containLabel: true },
        tooltip: axisTooltip(spec, { lineStyle: { color: colour("line-strong") } }),
        xAxis: spaced(spec, box, inside(categoryAxis(spec, box, { boundaryGap: false }))),
        yAxis: valueAxis(spec, spec.closeUp ? { scale: true, axisLabel: { ...labels(), formatter: writer(spec) } } : {}),
        series: spec.series.map((series, index) => ({
          type: "line", name: series.name, data: series.values, connectNulls: false,
          symbol: "circle", symbolSize: 6, showSymbol: false, emphasis: { disabled: true },
          lineStyle: { width: 2.25, type: index % 2 && index > 2 ? "dashed" : "solid" }, itemStyle: { color: seriesColour(series, index) },
          areaStyle: spec.series.length === 1 && !spec.closeUp ? { opacity: 0.1 } : undefined,
          ...(index === 0 ? marked(spec, box) : {}),
        })),
      };
    },

    bar(spec, box) {
      const many = spec.x.type === "text" && (spec.x.values.length > 6 || (narrow(box) && spec.x.values.some((name) => String(name).length > 8)));
      const long = { ...labels(), formatter: (value) => cut(xWriter(spec)(value), narrow(box) ? 20 : 28) };
      // Each of a few groups is named, as far as there is room; of many months every second or third.
      const below = (axis) => (spec.x.type === "text" ? { ...axis, axisLabel: { ...axis.axisLabel, hideOverlap: false, interval: 0 } } : spaced(spec, box, axis));
      const names = many ? categoryAxis(spec, box, { inverse: true, axisLabel: long }) : below(categoryAxis(spec, box));
      // Figures stand at the bars where there is room for all of them: lying bars have more. Without them the axis has its own.
      const write = writer(spec, true);
      const widest = Math.max(...spec.series[0].values.map((value) => write(value).length)) * LETTER + 8;
      const labelled = spec.series.length === 1 && (many ? spec.x.values.length <= 20 : (box.clientWidth - 80) / spec.x.values.length >= widest);
      // On a phone the names stand too close to the left end of a loss: its figure stands on the free side of the axis.
      const beyond = (value) => (many ? (value < 0 && !narrow(box) ? "left" : "right") : value < 0 ? "bottom" : "top");
      const negatives = spec.series.length === 1 && spec.series[0].values.some((value) => value < 0);
      const lowest = Math.min(...spec.series.flatMap((series) => series.values.map((value) => value ?? 0)));
      return {
        ...base(spec), ...legend(spec, box),
        grid: { left: 8, right: many && labelled ? 84 : 20, top: spec.series.length > 1 ? 40 : 24, bottom: 8, containLabel: true },
        tooltip: axisTooltip(spec, { type: "shadow", shadowStyle: { color: colour("ink", 0.05) } }),
        xAxis: many ? valueAxis(spec, { ...(labelled ? { axisLabel: { show: false }, splitLine: { show: false } } : { axisLabel: { ...labels(), hideOverlap: true, alignMaxLabel: "right", formatter: write } }), boundaryGap: [lowest < 0 ? (narrow(box) ? "4%" : "22%") : 0, "4%"] }) : names,
        yAxis: many ? names : valueAxis(spec, { boundaryGap: [lowest < 0 ? "12%" : 0, "8%"] }),
        series: spec.series.map((series, index) => ({
          type: "bar", name: series.name, barMaxWidth: 44, barGap: "12%", itemStyle: { color: seriesColour(series, index) },
          data: series.values.map((value, at) => ({
            value, label: { position: beyond(value) },
            itemStyle: { color: pointColour(series, at, value, index, negatives), borderRadius: corners(value, many) },
          })),
          label: {
            show: labelled,
            formatter: (point) => write(point.value), ...text("ink-2", 12, 550),
          },
          cursor: spec.links ? "pointer" : "default",
        })),
      };
    },

    stacked(spec, box) {
      const chart = kinds.bar(spec, box);
      const horizontal = chart.yAxis.type === "category";
      chart.series.forEach((series, index) => {
        Object.assign(series, { stack: "all", label: { show: false } });
        series.data.forEach((point) => { point.itemStyle.borderRadius = index === chart.series.length - 1 ? corners(point.value, horizontal) : 0; });
        series.itemStyle = { color: seriesColour(spec.series[index], index) };
      });
      return chart;
    },

    donut(spec, box) {
      const series = spec.series[0];
      const write = writer(spec);
      const total = series.values.reduce((sum, value) => sum + (value || 0), 0);
      const small = box.clientWidth < 400;
      const outer = small ? box.clientWidth * 0.27 : Math.min(box.clientHeight * 0.44, box.clientWidth * 0.23);
      const [middle, height] = small ? [box.clientWidth / 2, outer + 12] : [outer + 8, box.clientHeight / 2];
      const share = (value) => PERCENT.format(total ? value / total : 0);
      const data = spec.x.values.map((name, at) => ({
        name: String(name), value: series.values[at], itemStyle: { color: pointColour(series, at, series.values[at], at, false) },
      }));
      const entry = (name) => {
        const { value } = data.find((point) => point.name === name);
        return small ? cut(name, 22) : `{name|${cut(name, 24)}}\n{figure|${write(value)}  ·  ${share(value)}}`;
      };
      return {
        ...base(spec),
        tooltip: {
          ...base(spec).tooltip, trigger: "item",
          formatter: (point) => `{head|${point.name}}\n{strong|${write(point.value)}}  ${share(point.value)}`,
        },
        legend: {
          ...(small ? { bottom: 0, left: "center" } : { top: "middle", left: middle + outer + 28, orient: "vertical" }),
          icon: "circle", itemWidth: 10, itemHeight: 10, itemGap: small ? 10 : 16, selectedMode: false,
          formatter: entry,
          textStyle: { ...text("ink-2"), rich: { name: { ...text("ink-2"), lineHeight: 17 }, figure: { ...text("ink", 13.5, 600), lineHeight: 20 } } },
        },
        title: {
          text: writer(spec, true)(total), subtext: series.name, left: middle, top: height - 27, textAlign: "center", itemGap: 2,
          textStyle: { ...text("ink", 21, 650), lineHeight: 30 }, subtextStyle: { ...text("ink-3"), lineHeight: 16 },
        },
        series: [{
          type: "pie", name: series.name, data, radius: [outer * 0.68, outer], center: [middle, height], padAngle: 1.5,
          itemStyle: { borderRadius: 4 }, label: { show: false }, emphasis: { scaleSize: 4 }, cursor: spec.links ? "pointer" : "default",
        }],
      };
    },

    treemap(spec) {
      const series = spec.series[0];
      const write = writer(spec);
      return {
        ...base(spec),
        tooltip: { ...base(spec).tooltip, formatter: (point) => `{head|${point.name}}\n{strong|${write(point.value)}}` },
        series: [{
          type: "treemap", name: series.name, roam: false, nodeClick: false, breadcrumb: { show: false }, left: 0, right: 0, top: 0, bottom: 0,
          itemStyle: { gapWidth: 3, borderColor: colour("surface"), borderWidth: 0, borderRadius: 6 },
          label: {
            formatter: (point) => `{name|${point.name}}\n{figure|${writer(spec, true)(point.value)}}`, padding: [6, 4],
            rich: { name: { fontSize: 12.5, lineHeight: 18 }, figure: { fontSize: 15, fontWeight: 650, lineHeight: 22 } },
          },
          data: spec.x.values.map((name, at) => {
            const tint = pointColour(series, at, series.values[at], at, false);
            const ink = inkOn(tint);
            const label = { rich: { name: { color: ink }, figure: { color: ink } } };
            return { name: String(name), value: series.values[at], itemStyle: { color: tint }, label };
          }),
          cursor: spec.links ? "pointer" : "default",
        }],
      };
    },
  };

  /* From the first value to the last by the steps between, drawn as floating bars that may cross zero. */
  kinds.waterfall = (spec, box) => {
    const values = spec.series[0].values.map((value) => value ?? 0);
    const last = values.length - 1;
    let level = 0;
    const bars = values.map((value, at) => {
      if (at === 0 || at === last) return [at, 0, value];
      const from = at === 1 ? values[0] : level;
      level = from + value;
      return [at, from, level];
    });
    const write = writer(spec);
    const compact = writer(spec, true);
    const tint = (at) => (at === 0 || at === last ? colour("brand") : colour(values[at] < 0 ? "negative" : "positive"));
    const names = { ...labels(), interval: 0, formatter: (value) => cut(String(value), narrow(box) ? 20 : room(spec, box)), ...(narrow(box) ? { rotate: 40, fontSize: 11 } : {}) };
    return {
      ...base(spec),
      grid: { left: 8, right: 16, top: 28, bottom: 8, containLabel: true },
      tooltip: { ...base(spec).tooltip, trigger: "item", formatter: (point) => `{head|${spec.x.values[point.dataIndex]}}\n{strong|${write(values[point.dataIndex])}}` },
      xAxis: categoryAxis(spec, box, { axisLabel: names }),
      yAxis: valueAxis(spec, { boundaryGap: [bars.some(([, from, to]) => Math.min(from, to) < 0) ? "6%" : 0, "10%"] }),
      series: [{
        type: "custom", name: spec.series[0].name, encode: { x: 0, y: [1, 2] }, data: bars, cursor: spec.links ? "pointer" : "default",
        renderItem: (params, api) => {
          const at = params.dataIndex;
          const [x, start] = api.coord([api.value(0), api.value(1)]);
          const end = api.coord([api.value(0), api.value(2)])[1];
          const width = Math.min(56, api.size([1, 0])[0] * 0.62);
          const top = Math.min(start, end);
          const height = Math.max(Math.abs(start - end), 1);
          const signed = at > 0 && at < last && values[at] > 0 ? `+${compact(values[at])}` : compact(values[at]);
          return {
            type: "group",
            children: [
              { type: "rect", shape: { x: x - width / 2, y: top, width, height, r: 3 }, style: { fill: tint(at) } },
              { type: "text", ignore: narrow(box), style: { text: signed, x, y: top - 6, align: "center", verticalAlign: "bottom", fill: colour("ink-2"), fontSize: narrow(box) ? 10.5 : 12, fontWeight: 550, fontFamily: getComputedStyle(document.body).fontFamily } },
            ],
          };
        },
      }],
    };
  };

  /* Points by two figures, named where there is room; a joined series is a line behind them, a mark a pair of lines. */
  kinds.scatter = (spec, box) => {
    const write = writer(spec);
    const x = xWriter(spec);
    const largest = Math.max(...(spec.sizes || [1]));
    const few = spec.x.values.length <= 40;
    const radius = (at) => (spec.sizes ? 8 + (narrow(box) ? 20 : 32) * Math.sqrt(spec.sizes[at] / largest) : few ? 12 : 7);
    const ends = { ...labels(), hideOverlap: true };
    const places = spec.x.values.map(Number);
    // Beyond it there is no room for a name at the right; on a phone names of a few points share the width between them.
    const right = narrow(box) ? (Math.min(...places) + Math.max(...places)) / 2 : Math.max(...places) * 0.75;
    const named = few && (!narrow(box) || places.length <= 8);
    const letters = narrow(box) ? 18 : box.clientWidth < 640 ? 26 : 44;
    // What cannot be below zero, such as a risk, has no room below zero either.
    const near = ({ min, max }) => (min < 0 ? null : Math.max(0, Math.floor((min - (max - min) * 0.12) * 100) / 100));
    const lines = spec.marks.flatMap((mark) => [{ xAxis: Number(mark.x) }, { yAxis: mark.y }]);
    return {
      ...base(spec), ...legend(spec, box),
      grid: { left: 8, right: 20, top: spec.series.length > 1 ? 60 : 34, bottom: narrow(box) ? 40 : 28, containLabel: true },
      tooltip: {
        ...base(spec).tooltip, trigger: "item",
        formatter: (point) => [
          `{head|${spec.names[point.dataIndex] || point.seriesName}}`,
          `${spec.y.label}  {strong|${write(point.value[1])}}`, `${spec.x.label}  {strong|${x(point.value[0])}}`,
        ].join("\n"),
      },
      xAxis: {
        type: "value", name: inTwo(spec.x.label, (box.clientWidth - 80) / LETTER), nameLocation: "middle", nameGap: 26, nameTextStyle: { ...labels(), lineHeight: 15, verticalAlign: "top" }, axisLabel: { ...ends, formatter: x }, scale: spec.closeUp,
        ...(spec.closeUp ? { boundaryGap: [0, "12%"], min: near } : {}),
        splitLine: { show: false }, axisTick: { show: false }, axisLine: { onZero: true, lineStyle: { color: colour("line-strong") } },
      },
      yAxis: valueAxis(spec, { name: spec.y.label, nameTextStyle: { ...labels(), align: "left" }, nameGap: 12, ...(spec.closeUp ? { scale: true, boundaryGap: ["12%", "12%"], axisLabel: { ...labels(), formatter: write } } : {}) }),
      series: spec.series.map((series, index) => {
        const tint = seriesColour(series, index);
        const data = series.values.map((value, at) => ({
          value: [Number(spec.x.values[at]), value ?? "-"], symbolSize: series.joined ? 0 : radius(at), name: spec.names[at],
          label: { position: Number(spec.x.values[at]) > right ? "left" : "right" },
          itemStyle: series.colours ? { color: colour(series.colours[at], few ? 0.85 : 0.55) } : undefined,
        }));
        if (series.joined) return { type: "line", name: series.name, data, connectNulls: true, symbol: "none", z: 1, lineStyle: { width: 2, color: tint }, itemStyle: { color: tint } };
        return {
          type: "scatter", name: series.name, data, cursor: spec.links ? "pointer" : "default", z: index + 2,
          itemStyle: { color: tint, opacity: few ? 0.85 : 0.55, borderColor: colour("surface"), borderWidth: 1 },
          label: { show: named, distance: narrow(box) ? 3 : 6, formatter: (point) => cut(point.name || "", letters), ...text("ink-2", narrow(box) ? 11 : 12) },
          labelLayout: { hideOverlap: true, moveOverlap: "shiftY" },
          ...(index === 0 && lines.length ? { markLine: { silent: true, symbol: "none", data: lines, label: { show: false }, lineStyle: { color: colour("ink-3"), type: [4, 4], width: 1 } } } : {}),
        };
      }),
    };
  };

  /* From the places on the left to those on the right, as wide as what goes there. */
  kinds.flow = (spec, box) => {
    const write = writer(spec);
    const left = (name) => `0 ${name}`;
    const right = (name) => `1 ${name}`;
    const places = new Map();
    spec.flows.forEach((flow) => {
      places.set(left(flow.source), flow.source_colour);
      places.set(right(flow.target), flow.target_colour);
    });
    const values = spec.series[0].values;
    const label = (name) => cut(name.slice(2), narrow(box) ? 16 : 30);
    const longest = Math.max(...spec.flows.map((flow) => label(right(flow.target)).length));
    // How much each place holds stands below its name, where there is room for it.
    const figure = (point) => (narrow(box) ? "" : `\n{figure|${write(point.value)}}`);
    return {
      ...base(spec),
      tooltip: {
        ...base(spec).tooltip, trigger: "item",
        formatter: (point) => (point.dataType === "edge" ? `{head|${spec.x.values[point.dataIndex]}}\n{strong|${write(point.value)}}` : `{head|${point.name.slice(2)}}\n{strong|${write(point.value)}}`),
      },
      series: [{
        type: "sankey", left: 4, right: Math.max(narrow(box) ? 60 : 96, longest * (narrow(box) ? 5.6 : LETTER) + 12), top: 8, bottom: 8, nodeWidth: 14, nodeGap: 14, draggable: false, layoutIterations: 0,
        emphasis: { focus: "adjacency" }, lineStyle: { color: "source", opacity: 0.35, curveness: 0.5 },
        label: { formatter: (point) => `${label(point.name)}${figure(point)}`, ...text("ink", narrow(box) ? 10.5 : 12.5), lineHeight: 16, rich: { figure: { ...text("ink", 12, 600), lineHeight: 15 } } },
        data: [...places].map(([name, tint]) => ({ name, depth: Number(name[0]), itemStyle: { color: colour(tint), borderWidth: 0 } })),
        links: spec.flows.map((flow, at) => ({ source: left(flow.source), target: right(flow.target), value: values[at] })),
        cursor: spec.links ? "pointer" : "default",
      }],
    };
  };

  /* The ink, light or dark, that stands out more on a colour (relative luminance as WCAG defines it). */
  const inkOn = (tint) => {
    const linear = (part) => (part <= 10.31 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = tint.match(/[\d.]+/g).map((part) => linear(Number(part)));
    const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return 1.05 / (light + 0.05) > (light + 0.05) / 0.062 ? "#ffffff" : "#10201f";
  };

  const pointColour = (series, at, value, index, negatives) => {
    if (series.colours) return colour(series.colours[at]);
    if (negatives && !series.colour) return colour(value < 0 ? "negative" : "positive");
    return seriesColour(series, index);
  };

  const corners = (value, horizontal) => {
    const [tip, flat] = [4, 0];
    if (horizontal) return value < 0 ? [tip, flat, flat, tip] : [flat, tip, tip, flat];
    return value < 0 ? [flat, flat, tip, tip] : [tip, tip, flat, flat];
  };

  /* After the peak every second mark is named above the curve, the others below it; those near its end to the left,
     a line lower than the name of the best fifth, which may come as far. */
  const aside = (place, mark) => {
    const under = place % 2 === 0;
    if (Number(mark.x) > LATE) return { position: under ? [12, 34] : [12, -22], align: "right" };
    return { position: under ? [-6, 16] : [-6, -22], align: "left" };
  };

  /* Before the peak marks are named below the curve, towards the free side; those that all but coincide one below the
     other, and so those near its end, whose names reach far to the left. */
  const below = (rising, mark) => {
    const reach = Number(mark.x) > LATE ? 0.3 : 0.05;
    const close = rising.slice(0, rising.indexOf(mark)).filter((other) => Number(mark.x) - Number(other.x) < reach).length;
    return Number(mark.x) > LATE ? { position: [12, 16 + 24 * close], align: "right" } : { position: [14, 12 + 24 * close], align: "left" };
  };

  const ground = (data, origin, tint, opacity) => ({
    type: "line", data, symbol: "none", silent: true, z: 2, emphasis: { disabled: true },
    lineStyle: { width: 0 }, itemStyle: { color: tint }, areaStyle: { color: tint, opacity, origin },
  });

  /* Further whale curves, such as that of today, as dashed lines over the first. */
  const overlaid = (spec) => spec.series.slice(1).map((series, index) => ({
    type: "line", name: series.name, symbol: "none", z: 3, emphasis: { disabled: true },
    data: series.values.map((y, at) => [Number(spec.x.values[at]), y]),
    lineStyle: { width: 2, type: "dashed", color: seriesColour(series, index + 1) }, itemStyle: { color: seriesColour(series, index + 1) },
  }));

  const marked = (spec, box) => (spec.marks.length ? {
    markPoint: {
      symbol: "circle", symbolSize: 10, itemStyle: { color: colour("accent"), borderColor: colour("surface"), borderWidth: 2 },
      label: { show: box.clientWidth >= 640, position: "top", distance: 24, color: colour("ink"), fontSize: 12.5, fontWeight: 600, textBorderColor: colour("surface"), textBorderWidth: 3, formatter: "{b}" },
      data: spec.marks.map((mark) => ({ name: mark.label, coord: [spec.x.values.indexOf(mark.x), mark.y] })),
    },
  } : {});

  /* --- Drawing and redrawing ---------------------------------------------------------------------------------------------- */

  const draw = (box) => {
    const source = document.getElementById(box.dataset.chart);
    if (!source || !box.clientWidth) return;
    const spec = JSON.parse(source.textContent);
    let chart = drawn.get(box);
    if (!chart) {
      chart = echarts.init(box, null, { renderer: "svg", locale: language.startsWith("fr") ? "FR" : "EN" });
      chart.on("click", (point) => { if (point.dataType !== "node" && spec.links?.[point.dataIndex]) location.assign(spec.links[point.dataIndex]); });
      drawn.set(box, chart);
      resized.observe(box);
    }
    chart.setOption(kinds[spec.kind](spec, box), true);
  };

  const forget = () => drawn.forEach((chart, box) => { if (!box.isConnected) { chart.dispose(); drawn.delete(box); } });
  const redraw = () => { palette.clear(); forget(); drawn.forEach((chart, box) => draw(box)); };

  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const chart = drawn.get(target);
    if (chart && target.clientWidth && chart.getWidth() !== target.clientWidth) { chart.resize(); draw(target); }
  }));

  const drawAll = () => { forget(); document.querySelectorAll("[data-chart]").forEach((box) => { if (!drawn.has(box)) draw(box); }); };

  new MutationObserver(redraw).observe(root, { attributeFilter: ["data-bs-theme"] });
  addEventListener("charts:draw", drawAll);
  /* Paper is white: whoever reads in the dark prints in the light. Nobody waits for the next frame before printing, and
     paper has a width of its own, which is not known yet: so drawings are finished now, and stretch with their box. */
  let theme;
  const stretch = (chart, box) => {
    chart.getZr().flush();
    box.querySelector("svg")?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  };
  addEventListener("beforeprint", () => {
    printing = true;
    theme = root.dataset.bsTheme;
    root.dataset.bsTheme = "light";
    redraw();
    drawn.forEach(stretch);
  });
  addEventListener("afterprint", () => {
    printing = false;
    root.dataset.bsTheme = theme;
    redraw();
    drawn.forEach((chart, box) => {
      box.querySelector("svg")?.removeAttribute("viewBox");
      chart.resize();
    });
  });
})();
