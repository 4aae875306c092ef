use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, KeyboardEvent, PointerEvent};

use super::strokes::{BRUSH_PX, SIDE_PX, Strokes};
use crate::paint::Palette;

/// How far an arrow key moves the pen.
const KEY_STEP_PX: f64 = 14.0;

/// The canvas. A pointer draws; with the keyboard, arrows move the pen and Enter puts it down or lifts it.
#[component]
pub fn Pad(
    /// What has been drawn.
    strokes: RwSignal<Strokes>,
    /// The ink of each pixel, row by row, 255 is full.
    ink: RwSignal<Arc<Vec<u8>>>,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let palette = Palette::signal();
    let drawing = RwSignal::new(false);
    let pen = RwSignal::new(None::<[f64; 2]>);
    let was_used = StoredValue::new(false);

    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else { return };
        let [red, green, blue] = palette.with(|palette| palette.ramp[3]);
        let Some(context) = context(&canvas) else { return };
        strokes.with(|strokes| draw(&context, strokes, &format!("rgb({red},{green},{blue})")));
        let used = strokes.with(|strokes| !strokes.is_empty());
        // An untouched pad says nothing; a cleared one says that it is blank.
        if used || was_used.get_value() {
            was_used.set_value(used);
            let bytes = opacity(&context);
            if ink.with_untracked(|ink| **ink != bytes) {
                ink.set(Arc::new(bytes));
            }
        }
    });

    let point = move |event: &PointerEvent| {
        let rect = canvas.get_untracked().map(|canvas| canvas.get_bounding_client_rect());
        rect.map_or([0.0; 2], |rect| {
            let scale = f64::from(SIDE_PX) / rect.width().max(1.0);
            [
                (f64::from(event.client_x()) - rect.left()) * scale,
                (f64::from(event.client_y()) - rect.top()) * scale,
            ]
        })
    };
    let down = move |event: PointerEvent| {
        if let Some(canvas) = canvas.get_untracked() {
            canvas.set_pointer_capture(event.pointer_id()).unwrap_or_default(); // Only keeps strokes from breaking off.
        }
        pen.set(None);
        drawing.set(true);
        strokes.update(|strokes| strokes.start(point(&event)));
    };
    let moved = move |event: PointerEvent| {
        if drawing.get_untracked() {
            strokes.update(|strokes| strokes.extend(point(&event)));
        }
    };
    let key = move |event: KeyboardEvent| {
        let middle = f64::from(SIDE_PX) / 2.0;
        let [x, y] = pen.get_untracked().unwrap_or([middle; 2]);
        let to = match event.key().as_str() {
            "ArrowLeft" => [x - KEY_STEP_PX, y],
            "ArrowRight" => [x + KEY_STEP_PX, y],
            "ArrowUp" => [x, y - KEY_STEP_PX],
            "ArrowDown" => [x, y + KEY_STEP_PX],
            "Enter" | " " => {
                drawing.update(|drawing| *drawing = !*drawing);
                if drawing.get_untracked() {
                    strokes.update(|strokes| strokes.start([x, y]));
                }
                [x, y]
            }
            _ => return,
        };
        event.prevent_default();
        let to = to.map(|at| at.clamp(0.0, f64::from(SIDE_PX)));
        pen.set(Some(to));
        if drawing.get_untracked() {
            strokes.update(|strokes| strokes.extend(to));
        }
    };
    view! {
        <div class="pad">
            <canvas
                node_ref=canvas
                width=SIDE_PX
                height=SIDE_PX
                tabindex="0"
                role="application"
                data-testid="draw-pad"
                aria-label="Draw pad. Draw with the pointer; or move the pen with the arrow keys, and put it down and lift it with Enter."
                on:pointerdown=down
                on:pointermove=moved
                on:pointerup=move |_| drawing.set(false)
                on:pointercancel=move |_| drawing.set(false)
                on:keydown=key
                on:blur=move |_| {
                    drawing.set(false);
                    pen.set(None);
                }
            ></canvas>
            <Show when=move || strokes.with(Strokes::is_empty)>
                <span class="pad-hint" aria-hidden="true">"draw a digit here"</span>
            </Show>
            {move || {
                pen.get()
                    .map(|[x, y]| {
                        let percent = |at: f64| at / f64::from(SIDE_PX) * 100.0;
                        let style = format!("left: {}%; top: {}%", percent(x), percent(y));
                        view! { <span class="pen" class:down=move || drawing.get() style=style aria-hidden="true"></span> }
                    })
            }}
        </div>
    }
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    // Read often, drawn rarely: a canvas in main memory is the fast one here.
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"willReadFrequently".into(), &true.into()).ok()?;
    canvas.get_context_with_context_options("2d", &options).ok().flatten()?.dyn_into().ok()
}

fn draw(context: &CanvasRenderingContext2d, strokes: &Strokes, colour: &str) {
    let side = f64::from(SIDE_PX);
    context.clear_rect(0.0, 0.0, side, side);
    context.set_line_width(BRUSH_PX);
    context.set_line_cap("round");
    context.set_line_join("round");
    context.set_stroke_style_str(colour);
    for line in strokes.lines() {
        context.begin_path();
        for (i, &[x, y]) in line.iter().enumerate() {
            if i == 0 {
                context.move_to(x, y);
            }
            context.line_to(x, y);
        }
        context.stroke();
    }
}

/// How opaque each pixel is: the ink, whatever the theme's colour for it.
fn opacity(context: &CanvasRenderingContext2d) -> Vec<u8> {
    let side = f64::from(SIDE_PX);
    match context.get_image_data(0.0, 0.0, side, side) {
        Ok(image) => image.data().0.chunks_exact(4).map(|pixel| pixel[3]).collect(),
        Err(_) => Vec::new(),
    }
}
