use std::time::Duration;

use leptos::html::Canvas;
use leptos::prelude::*;
use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::curve::{Thinned, thin};
use crate::paint::Palette;
use crate::store::{Curves, Workbench};

/// Redrawing more often than this is not seen.
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(200);

/// What a chart shows over the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Mean cross-entropy.
    Loss,
    /// Fraction classified rightly.
    Accuracy,
}

/// One chart: the training batches faint, their running mean, and the validation set.
#[component]
pub fn Chart(measure: Measure) -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let canvas = NodeRef::<Canvas>::new();
    let stale = StoredValue::new(true);
    let size = StoredValue::new([0; 2]);
    Effect::new(move |_| {
        workbench.curves.track();
        palette.track();
        stale.set_value(true);
    });
    let redraw = move || {
        let Some(canvas) = canvas.get_untracked() else { return };
        let now = [canvas.client_width(), canvas.client_height()];
        if now.contains(&0) || (!stale.get_value() && size.get_value() == now) {
            return;
        }
        stale.set_value(false);
        size.set_value(now);
        let drawn = workbench.curves.with_untracked(|curves| {
            palette.with_untracked(|palette| draw(&canvas, measure, curves, palette))
        });
        if let Err(error) = drawn {
            web_sys::console::error_1(&format!("the chart could not be drawn: {error}").into());
        }
    };
    // A hidden tab needs no chart: the frame does not come until it is shown.
    let timer = set_interval_with_handle(move || request_animation_frame(redraw), BETWEEN_DRAWINGS);
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    let empty = Memo::new(move |_| workbench.curves.with(|c| c.train.is_empty() && c.validation.is_empty()));
    let compiling = Memo::new(move |_| workbench.status.with(|status| status.compiling));
    let wait = move || {
        if compiling.get() { "Compiling the GPU's shaders…" } else { "Train to see the curve" }
    };
    let label = move || match measure {
        Measure::Loss => "Loss over the training steps; the numbers above are its last values",
        Measure::Accuracy => "Accuracy over the training steps; the numbers above are its last values",
    };
    view! {
        <div class="chart">
            <canvas node_ref=canvas role="img" aria-label=label></canvas>
            <Show when=move || empty.get()>
                <p class="chart-empty note">{wait}</p>
            </Show>
        </div>
    }
}

impl Measure {
    fn series(self, curves: &Curves, n_intervals: usize) -> (Thinned, Vec<(f64, f64)>) {
        let pick = |loss: f32, accuracy: f32| match self {
            Self::Loss => f64::from(loss),
            Self::Accuracy => f64::from(accuracy),
        };
        let train = curves.train.iter().map(|point| (point.step as f64, pick(point.loss, point.accuracy)));
        let validation = curves.validation.iter();
        let validation = validation.map(|point| (point.step as f64, pick(point.loss, point.accuracy)));
        (thin(train, n_intervals), validation.filter(|(_, value)| value.is_finite()).collect())
    }

    /// The upper end of the axis: just above what is there.
    fn top(self, train: &Thinned, validation: &[(f64, f64)]) -> f64 {
        match self {
            Self::Accuracy => 1.0,
            Self::Loss => {
                let values = train.raw.iter().chain(validation).map(|&(_, value)| value);
                let most = values.fold(0.0, f64::max);
                if most > 0.0 { (most * 1.05).min(10.0) } else { 2.5 }
            }
        }
    }
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(canvas: &HtmlCanvasElement, measure: Measure, curves: &Curves, palette: &Palette) -> Drawn {
    let ratio = window().device_pixel_ratio().max(1.0);
    let pixels = |css: i32| (f64::from(css) * ratio).round() as u32;
    // Setting the size also clears it.
    canvas.set_width(pixels(canvas.client_width()));
    canvas.set_height(pixels(canvas.client_height()));
    let (train, validation) =
        measure.series(curves, canvas.client_width().max(1).unsigned_abs() as usize / 2);
    let top = measure.top(&train, &validation);
    let last_step = curves.train.last().map(|point| point.step);
    let last_step =
        last_step.max(curves.validation.last().map(|point| point.step)).unwrap_or(0).max(10) as f64;
    let colour = |[red, green, blue]: [u8; 3]| RGBColor(red, green, blue);
    let scaled = |size: f64| (size * ratio).round() as u32;

    let backend = CanvasBackend::with_canvas_object(canvas.clone()).ok_or("the canvas has no 2d context")?;
    let area = backend.into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(scaled(6.0))
        .margin_right(scaled(14.0))
        .x_label_area_size(scaled(18.0))
        .y_label_area_size(scaled(44.0))
        .build_cartesian_2d(0.0..last_step, 0.0..top)?;
    let text = ("system-ui, sans-serif", 10.5 * ratio).into_font().color(&colour(palette.text));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(4)
        .y_labels(5)
        .label_style(text)
        .axis_style(colour(palette.grid))
        .bold_line_style(colour(palette.grid))
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&|step| crate::figures::short_count(*step as usize))
        .y_label_formatter(&|value| match measure {
            Measure::Loss => format!("{value:.1}"),
            Measure::Accuracy => format!("{:.0} %", value * 100.0),
        })
        .draw()?;
    let clamp = |points: Vec<(f64, f64)>| points.into_iter().map(move |(x, y)| (x, y.min(top)));
    let line = ratio.round().max(1.0) as u32;
    chart
        .draw_series(LineSeries::new(clamp(train.raw), colour(palette.train).mix(0.28).stroke_width(line)))?;
    chart.draw_series(LineSeries::new(clamp(train.smooth), colour(palette.train).stroke_width(line + 1)))?;
    let held = colour(palette.validation);
    chart.draw_series(LineSeries::new(clamp(validation.clone()), held.stroke_width(line + 1)))?;
    if validation.len() <= 40 {
        let dots = clamp(validation).map(|point| Circle::new(point, scaled(2.2), held.filled()));
        chart.draw_series(dots)?;
    }
    area.present()?;
    Ok(())
}
