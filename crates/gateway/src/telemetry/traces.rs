//! Spans of requests for OpenTelemetry, behind the cargo feature `otel`.
//!
//! Configured by the standard variables alone, which the SDK reads itself
//! (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …); without an
//! endpoint nothing is exported. Spans carry the request's number and the names of what was
//! done, no events and nobody's data. A `traceparent` of a client is not believed, for it could
//! join its requests to anybody's trace: every request is a root of its own. Workers have no
//! way to an exporter and are told nothing.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// How long the end of the process may wait for its last spans.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// What sends spans; to be dropped at the end.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// `None` where no endpoint is configured.
    pub(super) fn start() -> Result<Option<Self>, String> {
        let endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        if endpoints.iter().all(|name| std::env::var_os(name).is_none()) {
            return Ok(None);
        }
        let client = garmin::blocking_client().map_err(|error| error.to_string())?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| error.to_string())?;
        let has_name = std::env::var_os("OTEL_SERVICE_NAME").is_some();
        let resource = Resource::builder();
        let resource =
            if has_name { resource } else { resource.with_service_name("garmin-gateway") };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Some(Self(provider)))
    }

    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer: Tracer = self.0.tracer("garmin-gateway");
        // Our spans only: what libraries note about connections is nobody's business here, and
        // events belong to the log.
        OpenTelemetryLayer::new(tracer)
            .with_location(false)
            .with_threads(false)
            .with_filter(filter_fn(|meta| meta.is_span() && super::is_ours(meta.target())))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // Whoever collects them may be gone.
        let _ = self.0.shutdown_with_timeout(LAST_SPANS);
    }
}
