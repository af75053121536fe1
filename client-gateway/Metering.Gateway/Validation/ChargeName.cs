using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a charge is called: by an id, or by a producer and its sequence, which together make one.</summary>
internal readonly record struct ChargeName(string Id, string? Producer, long ProducerSequence)
{
    /// <summary>Checks what the caller gave; null is what was left out. A plain id is checked with the rest of the charge.</summary>
    public static ChargeName From(string? id, string? producer, long? sequence, Faults faults)
    {
        if (producer is null && sequence is null)
        {
            return new ChargeName(id ?? "", null, 0);
        }

        if (id is not null)
        {
            faults.Add("id", FaultCodes.Conflict, "Give either id, or producer and producerSequence.");
        }

        Shape.Name(faults, "producer", producer ?? "", ChargeRequest.MaxProducerLength);
        if (sequence is null)
        {
            faults.Add("producerSequence", FaultCodes.Required, "It must be given.");
        }

        Shape.WholeNumber(faults, "producerSequence", sequence ?? 1, 1, Limits.MaxProducerSequence);
        return new ChargeName(ChargeRequest.ProducerId(producer ?? "", sequence ?? 1), producer ?? "", sequence ?? 1);
    }
}
