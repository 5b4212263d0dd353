package io.trainyard.store;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.Nulls;
import io.trainyard.job.Attempt;
import io.trainyard.job.Handle;
import io.trainyard.job.JobState;
import io.trainyard.job.Outcome;
import io.trainyard.job.Progress;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import java.util.List;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.cfg.MapperBuilder;
import tools.jackson.databind.cfg.MutableConfigOverride;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.NamedType;
import tools.jackson.dataformat.cbor.CBORFactory;
import tools.jackson.dataformat.cbor.CBORMapper;
import tools.jackson.dataformat.cbor.CBORWriteFeature;

/**
 * Domain values in columns. The tags of the alternatives are written out here: they lie in databases, so a
 * class may be renamed, a tag may not.
 */
final class Codec {
    private static final JsonMapper JSON = tagged(JsonMapper.builder()).build();
    /** A text that comes again, as a request does in a job's environment and annotations, is written once. */
    private static final CBORMapper BINARY = tagged(CBORMapper.builder(
                    CBORFactory.builder().enable(CBORWriteFeature.STRINGREF).build()))
            .build();

    private static <B extends MapperBuilder<?, B>> B tagged(B builder) {
        return builder.changeDefaultPropertyInclusion(
                        inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_ABSENT))
                .withConfigOverride(List.class, Codec::nothingWhereEmpty)
                .withConfigOverride(Map.class, Codec::nothingWhereEmpty)
                .addMixIn(JobState.class, Tagged.class)
                .addMixIn(JobState.Then.class, Tagged.class)
                .addMixIn(Outcome.class, Tagged.class)
                .addMixIn(Variable.class, Tagged.class)
                .registerSubtypes(
                        new NamedType(JobState.Queued.class, "queued"),
                        new NamedType(JobState.Launching.class, "launching"),
                        new NamedType(JobState.Running.class, "running"),
                        new NamedType(JobState.Stopping.class, "stopping"),
                        new NamedType(JobState.Paused.class, "paused"),
                        new NamedType(JobState.Done.class, "done"),
                        new NamedType(JobState.Then.Finish.class, "finish"),
                        new NamedType(JobState.Then.Pause.class, "pause"),
                        new NamedType(JobState.Then.Retry.class, "retry"),
                        new NamedType(Outcome.Succeeded.class, "succeeded"),
                        new NamedType(Outcome.Failed.class, "failed"),
                        new NamedType(Outcome.Cancelled.class, "cancelled"),
                        new NamedType(Outcome.Rendered.class, "rendered"),
                        new NamedType(Variable.Plain.class, "plain"),
                        new NamedType(Variable.Secret.class, "secret"),
                        new NamedType(Variable.FromCluster.class, "cluster"));
    }

    /** Shorter, and what was written before there was such a thing is read as empty too. */
    private static void nothingWhereEmpty(MutableConfigOverride override) {
        override.setInclude(JsonInclude.Value.construct(JsonInclude.Include.NON_EMPTY, JsonInclude.Include.ALWAYS))
                .setNullHandling(JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY));
    }

    static final Codec INSTANCE = new Codec();

    final Packed<JobSpec> spec = new Packed<>(new TypeReference<>() {});
    final Column<JobState> state = new Column<>(new TypeReference<>() {});
    final Column<Attempt> attempt = new Column<>(new TypeReference<>() {});
    final Column<Handle> handle = new Column<>(new TypeReference<>() {});
    final Column<Progress> progress = new Column<>(new TypeReference<>() {});
    final Column<List<String>> texts = new Column<>(new TypeReference<>() {});

    private Codec() {}

    /** One type in JSON, both ways, with what Jackson looks up prepared. */
    static final class Column<T> {
        private final ObjectWriter writer;
        private final ObjectReader reader;

        private Column(TypeReference<T> type) {
            this.writer = JSON.writerFor(type);
            this.reader = JSON.readerFor(type);
        }

        String write(T value) {
            return writer.writeValueAsString(value);
        }

        T read(String json) {
            return reader.readValue(json);
        }
    }

    /** As {@link Column}, in CBOR: for what is long and written with every job. */
    static final class Packed<T> {
        private final ObjectWriter writer;
        private final ObjectReader reader;

        private Packed(TypeReference<T> type) {
            this.writer = BINARY.writerFor(type);
            this.reader = BINARY.readerFor(type);
        }

        byte[] write(T value) {
            return writer.writeValueAsBytes(value);
        }

        T read(byte[] cbor) {
            return reader.readValue(cbor);
        }
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is")
    private interface Tagged {}
}
