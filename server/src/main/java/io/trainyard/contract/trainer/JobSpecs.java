package io.trainyard.contract.trainer;

import io.trainyard.job.Job;
import io.trainyard.job.JobId;
import io.trainyard.wire.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.SerializedString;
import tools.jackson.databind.JsonNode;

/** The part of a job's answers that never changes, most of them; kept as written for those who ask again and again. */
final class JobSpecs {
    private static final String JOB_SPEC = "job_spec";
    private static final int MAX_KEPT = 512;
    private static final int MAX_KEPT_BYTES = 64 * 1024;

    private final LinkedHashMap<JobId, SerializableString> kept = new LinkedHashMap<>(MAX_KEPT, 0.75f, true);

    /** How the part is written into an answer. */
    @FunctionalInterface
    interface Writing {
        void write(JsonGenerator out, Answers.Shown shown, Job job);
    }

    void kept(JsonGenerator out, Answers.Shown shown, Job job) {
        SerializableString known;
        synchronized (kept) {
            known = kept.get(job.id());
        }
        out.writeName(JOB_SPEC);
        out.writeRawValue(known == null ? keep(shown, job) : known);
    }

    private SerializableString keep(Answers.Shown shown, Job job) {
        var bytes = new ByteArrayOutputStream(8192);
        try (JsonGenerator out = Json.MAPPER.createGenerator(bytes)) {
            write(out, shown, job);
        }
        var text = new SerializedString(bytes.toString(StandardCharsets.UTF_8));
        if (bytes.size() > MAX_KEPT_BYTES) return text;
        synchronized (kept) {
            kept.put(job.id(), text);
            if (kept.size() > MAX_KEPT) kept.pollFirstEntry();
        }
        return text;
    }

    /** For whoever may never ask again. */
    static void once(JsonGenerator out, Answers.Shown shown, Job job) {
        out.writeName(JOB_SPEC);
        write(out, shown, job);
    }

    private static void write(JsonGenerator out, Answers.Shown shown, Job job) {
        JsonNode kept = Json.MAPPER.readTree(job.request());
        out.writeStartObject();
        out.writeStringProperty("job_id", job.identity().clientId().orElseThrow());
        out.writeStringProperty("backend", shown.service().word);
        out.writeStringProperty("backend_job_id", shown.backendJobId());
        out.writeName("train_job");
        TrainJob.write(out, job.spec(), shown.backendJobId(), kept);
        out.writeName("callbacks");
        Json.write(out, kept.get("callbacks"), Json.Style.WHOLE);
        out.writeEndObject();
    }

    /** On a cluster the TrainJob stands alone, as it was first published. */
    static void object(JsonGenerator out, Answers.Shown shown, Job job) {
        out.writeName("train_job");
        TrainJob.write(out, job.spec(), shown.backendJobId(), Json.MAPPER.readTree(job.request()));
    }
}
