package io.trainyard.cli;

/** Answers of the server, as docs/contracts/trainyard.md has them. */
final class Examples {
    static final String ID = "job_019ab3c4-1111-7000-8000-000000000001";
    static final String OTHER = "job_019ab3c4-1111-7000-8000-000000000002";
    static final String PATH = "/api/v1/jobs/" + ID;

    private Examples() {}

    static String job(String state) {
        return job(ID, "tiny", state, "null");
    }

    static String job(String state, String progress) {
        return job(ID, "tiny", state, progress);
    }

    static String job(String id, String name, String state, String progress) {
        String reason = state.equals("queued") ? "{\"kind\":\"slot\",\"sentence\":\"waiting for a GPU\"}" : "null";
        String cause = state.equals("failed") ? "\"out_of_memory\"" : "null";
        String detail = state.equals("failed") ? "the process was killed at 4.0 GiB" : "";
        return """
                {"id":"%s","name":"%s","state":"%s","reason":%s,"position":null,"cause":%s,"detail":"%s",
                "contract":"trainyard","service":"","client_id":null,"backend":"local","attempt":1,"wish":"run",
                "created_at":"2026-11-23T09:57:30.000Z","updated_at":"2026-11-23T09:58:00.000Z",
                "started_at":"2026-11-23T09:57:31.000Z","finished_at":null,"ran_seconds":83.4,"retry_of":null,
                "labels":{"team":"rail"},"warnings":["runs on CPU, since there is no GPU"],"progress":%s,
                "spec":{"resources":{"nodes":1}},
                "attempts":[{"number":1,"backend":"local",
                "object":{"cluster":"here","kind":"Process","namespace":"boot","name":"4711","uid":"99"},"created_at":"2026-11-23T09:57:30.500Z","ended_at":null,"end":null}]}""".formatted(id, name, state, reason, cause, detail, progress).replace("\n", "");
    }

    static String progress(int step, int total, double loss) {
        return """
                {"step":%d,"total_steps":%d,"percentage":%s,"remaining_seconds":75.0,"checkpoint_step":null,\
                "metrics":{"loss":%s},"at":"2026-11-23T09:58:00.000Z"}""".formatted(step, total, 100.0 * step / total, loss);
    }

    static String event(int sequence, String kind, String message) {
        return "{\"sequence\":%d,\"job_id\":\"%s\",\"at\":\"2026-11-23T09:57:3%d.000Z\",\"kind\":\"%s\",\"attempt\":1,\"message\":\"%s\"}"
                .formatted(sequence, ID, sequence % 10, kind, message);
    }

    static String streamed(int sequence, String kind, String message) {
        return "id: %d\nevent: %s\ndata: %s\n\n".formatted(sequence, kind, event(sequence, kind, message));
    }

    static String line(int number, int rank, String stream, String text) {
        return "{\"number\":%d,\"at\":\"2026-11-23T09:58:00.000Z\",\"attempt\":1,\"rank\":%d,\"stream\":\"%s\",\"text\":\"%s\"}"
                .formatted(number, rank, stream, text);
    }

    static String streamedLine(int number, int rank, String stream, String text) {
        return "id: %d\nevent: line\ndata: %s\n\n".formatted(number, line(number, rank, stream, text));
    }

    static String losses(String name, double... values) {
        var points = new StringBuilder();
        for (int i = 0; i < values.length; i++) {
            points.append(i == 0 ? "" : ",")
                    .append("{\"attempt\":1,\"step\":%d,\"value\":%s,\"at\":\"2026-11-23T09:58:00.000Z\"}"
                            .formatted(i + 1, values[i]));
        }
        return "{\"series\":[{\"name\":\"%s\",\"points\":[%s]}]}".formatted(name, points);
    }
}
