package io.trainyard.contract.trainer;

import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.wire.Names;
import java.util.List;
import java.util.Optional;

/** The three services of the contract: one request, different rules and defaults. */
@SuppressWarnings("ImmutableEnumChecker") // List.of is
enum Service {
    NEMO(
            "nemo",
            "Nemo Trainer API",
            "nemo-job",
            Framework.NEMO,
            "nvcr.io/nvidia/nemo:24.03",
            "nemo-runtime",
            List.of("bim", "nemo", "nemotron")),
    META(
            "meta",
            "Meta Trainer API",
            "meta-job",
            Framework.META,
            "ghcr.io/meta-llm/meta-trainer:latest",
            "meta-runtime",
            List.of("huggingface", "meta")),
    HF_UNSLOTH(
            "hf-unsloth",
            "HF Unsloth Trainer API",
            "hf-unsloth-job",
            Framework.UNSLOTH,
            "ghcr.io/unslothai/unsloth-trainer:latest",
            "hf-unsloth-runtime",
            List.of("custom", "huggingface", "meta", "mistral", "tii"));

    static final List<Service> ALL = List.of(values());

    /** Path prefix without its slash, service of the identity and value of {@code TRAINING_BACKEND}. */
    final String word;

    final String title;
    final String namePrefix;
    final Framework framework;
    final String image;
    final String runtime;
    private final List<String> providers;

    Service(
            String word,
            String title,
            String namePrefix,
            Framework framework,
            String image,
            String runtime,
            List<String> providers) {
        this.word = word;
        this.title = title;
        this.namePrefix = namePrefix;
        this.framework = framework;
        this.image = image;
        this.runtime = runtime;
        this.providers = providers;
    }

    /** Which service a request without a prefix is for. */
    static Service forProvider(String provider) {
        return switch (provider) {
            case "nemo", "nemotron", "bim" -> NEMO;
            case "meta" -> META;
            default -> HF_UNSLOTH;
        };
    }

    /** The first of the service's own rules that a request breaks, in the published words. */
    Optional<String> objection(String provider, String method, int gpus, int memoryGb) {
        if (!providers.contains(provider)) return Optional.of(providerObjection(provider));
        boolean full = method.equals("full");
        return Optional.ofNullable(
                switch (this) {
                    case NEMO -> {
                        if (gpus < 1) yield "Nemo fine-tuning requires at least one GPU";
                        yield full && gpus < 4 ? "Full fine-tuning typically needs >=4 GPUs for stability" : null;
                    }
                    case META -> {
                        if (gpus < 2) yield "Meta adapters need at least 2 GPUs for ZeRO stages";
                        yield full && memoryGb < 128
                                ? "Full Meta fine-tuning typically needs >=128GB host memory"
                                : null;
                    }
                    case HF_UNSLOTH -> {
                        if (full || method.equals("adapter"))
                            yield "Unsloth path targets parameter-efficient tuning methods";
                        yield gpus < 1 ? "At least one GPU required for Unsloth fine-tuning" : null;
                    }
                });
    }

    private String providerObjection(String provider) {
        return switch (this) {
            case NEMO ->
                "Nemo backend only supports providers ['" + String.join("', '", providers) + "'], got " + provider;
            case META -> "Meta backend expects Meta released models or Hugging Face mirrors";
            case HF_UNSLOTH -> "Hugging Face backend is limited to HF-hosted models";
        };
    }

    /** The name a client's id has on a cluster: derived one way only, wherever it is needed. */
    String backendJobId(String jobId) {
        return Names.sanitized(jobId, namePrefix);
    }
}
