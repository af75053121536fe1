using Metering.Contracts;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>Charges of many callers on their way to a silo, and whose they are.</summary>
internal sealed class LaneMessage
{
    private readonly List<RoutedCharge> _charges = [];
    private readonly List<Share> _shares = [];
    private int _bytes;

    public bool IsEmpty => _charges.Count == 0;

    public int Count => _charges.Count;

    /// <summary>Takes as much of a part as there is room for: at least one charge when it is empty.</summary>
    /// <returns>Whether all of it is in.</returns>
    public bool Take(BatchPart part)
    {
        var first = part.Next;
        while (part.Left > 0 && _charges.Count < LaneLimits.MaxChargesPerMessage)
        {
            var bytes = LaneLimits.Bytes(in part.Batch.Charges[part.Next]);
            if (_bytes + bytes > LaneLimits.MaxBytesPerMessage && !IsEmpty)
            {
                break;
            }

            _bytes += bytes;
            _charges.Add(part.Take(bytes));
        }

        if (part.Next > first)
        {
            _shares.Add(new Share(part, first, part.Next - first));
        }

        return part.Left == 0;
    }

    public ChargeMessage ToSilo() => new([.. _charges]);

    /// <summary>Gives each charge its answer.</summary>
    /// <exception cref="InvalidOperationException">They are not as many.</exception>
    public void Answer(ReadOnlySpan<Answer<ChargeReply>> answers)
    {
        if (answers.Length != _charges.Count)
        {
            throw new InvalidOperationException($"{_charges.Count} charges got {answers.Length} answers.");
        }

        var next = 0;
        foreach (var (part, first, count) in _shares)
        {
            for (var i = 0; i < count; i++)
            {
                part.IsLeft |= answers[next] is { Reply: null, Refusal: null };
                part.Batch.Answer(first + i, answers[next++]);
            }

            part.Settle(count);
        }
    }

    /// <summary>Refuses them all.</summary>
    public void Refuse(Func<string, Refusal> refuse)
    {
        foreach (var (part, first, count) in _shares)
        {
            for (var i = first; i < first + count; i++)
            {
                part.Batch.Answer(i, refuse(part.Batch.Charges[i].Account));
            }

            part.Settle(count);
        }
    }

    /// <summary>They were sent to a silo that has not answered, and may have them all the same.</summary>
    public void NotHeard(SiloAddress silo)
    {
        foreach (var (part, first, count) in _shares)
        {
            for (var i = first; i < first + count; i++)
            {
                part.Batch.NotHeard(i, silo);
            }
        }

        Refuse(SiloFailure.Unanswered);
    }

    /// <summary>Leaves them without an answer: they were not sent.</summary>
    public void Leave()
    {
        foreach (var (part, _, count) in _shares)
        {
            part.Settle(count);
        }
    }

    /// <summary>Neighbours of a part in the message.</summary>
    private readonly record struct Share(BatchPart Part, int First, int Count);
}
