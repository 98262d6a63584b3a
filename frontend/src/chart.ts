// Bar charts: `<figure data-bars='[["住宅", 120], ...]'>`. The same figures stand in a table beside it.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, GridComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

const INK = "#44505c";
const BAR = "#2f6f8f";
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

function draw(figure: HTMLElement): void {
  if (echarts.getInstanceByDom(figure)) return;
  const bars = JSON.parse(figure.dataset.bars ?? "[]") as [string, number][];
  if (bars.length === 0) return;
  const chart = echarts.init(figure, undefined, { renderer: "canvas" });
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  chart.setOption({
    animation: !still,
    aria: { enabled: true, label: { description: figure.getAttribute("aria-label") ?? "" } },
    textStyle: { fontFamily: FONT, color: INK },
    grid: { left: 4, right: 56, top: 4, bottom: 4, outerBoundsMode: "same" },
    xAxis: { type: "value", show: false },
    yAxis: {
      type: "category",
      inverse: true,
      data: bars.map(([name]) => name),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { color: INK, fontSize: 13, width: 90, overflow: "truncate" },
    },
    // Because an HTML tooltip needs inline styles, which our content security policy refuses.
    tooltip: { trigger: "item", renderMode: "richText" },
    series: [
      {
        type: "bar",
        data: bars.map(([, figure]) => figure),
        barMaxWidth: 18,
        itemStyle: { color: BAR, borderRadius: [0, 3, 3, 0] },
        label: {
          show: true,
          position: "right",
          color: INK,
          fontSize: 13,
          formatter: (bar: { value?: unknown }) => Number(bar.value).toLocaleString(),
        },
      },
    ],
  });
  new ResizeObserver(() => chart.resize()).observe(figure);
}

function drawAll(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("[data-bars]")) draw(figure);
}

document.addEventListener("htmx:afterSettle", drawAll);
drawAll();
