package io.trainyard.spec;

import java.util.List;
import java.util.Optional;

/** How the weights are adapted. A block stands only where the request had one or its method implies it. */
public record Method(
        Kind kind,
        List<String> trainableLayers,
        Precision precision,
        boolean gradientCheckpointing,
        Optional<Lora> lora,
        Optional<QLora> qlora,
        Optional<Peft> peft) {

    public Method {
        trainableLayers = List.copyOf(trainableLayers);
    }

    public enum Kind {
        FULL,
        LORA,
        QLORA,
        PEFT,
        ADAPTER
    }

    public enum Precision {
        FP32,
        FP16,
        BF16,
        INT8
    }

    /** @param targetModules module names to adapt; empty means every linear layer */
    public record Lora(int rank, int alpha, double dropout, List<String> targetModules) {
        public static final Lora DEFAULT = new Lora(16, 32, 0.05, List.of());

        public Lora {
            targetModules = List.copyOf(targetModules);
        }
    }

    /** 4-bit quantisation of the frozen weights, in the words of bitsandbytes. */
    public record QLora(boolean doubleQuantisation, String computeType, String quantisationType) {
        public static final QLora DEFAULT = new QLora(true, "bfloat16", "nf4");
    }

    public record Peft(boolean use, Settings config) {}
}
