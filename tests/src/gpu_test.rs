use std::io::Write;
use std::rc::Rc;

use gpu::{Device, GpuError};

/// The GPU for a test. Without one the test fails, unless the environment variable `RECEPTIVE_SKIP_GPU` is 1 (for tests
/// in a browser: when they are compiled): then this says so, and there is none.
///
/// # Panics
/// Where there is no GPU and nothing says to skip.
pub async fn open_gpu() -> Option<Rc<Device>> {
    let skips = option_env!("RECEPTIVE_SKIP_GPU") == Some("1")
        || std::env::var("RECEPTIVE_SKIP_GPU").is_ok_and(|value| value == "1");
    match Device::request().await {
        Ok(device) => Some(Rc::new(device)),
        Err(error @ GpuError::NoAdapter { .. }) if skips => {
            print_skip(&format!("as RECEPTIVE_SKIP_GPU says: {error}"));
            None
        }
        Err(error) => panic!("{error}; RECEPTIVE_SKIP_GPU=1 skips the tests that need one"),
    }
}

/// Says what a test does not do. Nothing is skipped silently, so this goes past the test harness, which keeps what passing
/// tests print to itself.
pub fn print_skip(why: &str) {
    // Where there is nobody to tell, nothing is to be done about it.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Makes tests of functions `async fn name(device: Rc<gpu::Device>)`: ordinary ones natively, and in a browser's worker
/// for `wasm32`.
#[macro_export]
macro_rules! gpu_tests {
    ($($name:ident),+ $(,)?) => {
        mod on_gpu {
            #[cfg(target_arch = "wasm32")]
            wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

            $(
                #[cfg(not(target_arch = "wasm32"))]
                #[test]
                fn $name() {
                    pollster::block_on(async {
                        if let Some(device) = $crate::open_gpu().await {
                            super::$name(device).await;
                        }
                    });
                }

                #[cfg(target_arch = "wasm32")]
                #[wasm_bindgen_test::wasm_bindgen_test]
                async fn $name() {
                    if let Some(device) = $crate::open_gpu().await {
                        super::$name(device).await;
                    }
                }
            )+
        }
    };
}
