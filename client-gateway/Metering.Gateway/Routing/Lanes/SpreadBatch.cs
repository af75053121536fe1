using Metering.Contracts;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>
/// What one caller sends at once, spread over lanes. Each lane has a part of it; when all are done the caller goes on, once, however many charges there are.
/// </summary>
/// <param name="charges">By lane; within a lane in the caller's order.</param>
/// <param name="places">Where each of them stood with the caller.</param>
/// <param name="parts">How many lanes have some.</param>
internal sealed class SpreadBatch(RoutedCharge[] charges, int[] places, int parts)
{
    // Its caller goes on elsewhere: writing the answers out must not hold up the lane.
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Answer<ChargeReply>[] _answers = new Answer<ChargeReply>[charges.Length];
    private SiloAddress?[]? _unheard;
    private int _partsLeft = parts;
    private volatile bool _isGivenUp;

    public RoutedCharge[] Charges => charges;

    /// <summary>Completes when every lane is done with its part.</summary>
    public Task Done => _done.Task;

    /// <summary>Where their charges stood with the caller, once it is done. One without reply and refusal says that there is no answer.</summary>
    public Answer<ChargeReply>[] Answers => _answers;

    /// <summary>In the same places, the silo that a charge was sent to and that did not answer; null where there is none, and when there is none at all.</summary>
    public SiloAddress?[]? Unheard => _unheard;

    /// <summary>Whether its caller waits no more: what has not been sent must not be.</summary>
    public bool IsGivenUp => _isGivenUp;

    public void GiveUp() => _isGivenUp = true;

    public void Answer(int charge, Answer<ChargeReply> answer) => _answers[places[charge]] = answer;

    /// <summary>A silo may have a charge, but has not answered.</summary>
    public void NotHeard(int charge, SiloAddress silo)
    {
        // Several lanes may come to it at the same time, each with places of its own.
        var unheard = Interlocked.CompareExchange(ref _unheard, new SiloAddress?[charges.Length], null) ?? _unheard;
        unheard[places[charge]] = silo;
    }

    public void PartIsDone()
    {
        if (Interlocked.Decrement(ref _partsLeft) == 0)
        {
            _done.SetResult();
        }
    }
}

/// <summary>A lane's part of a batch: neighbours in <see cref="SpreadBatch.Charges"/>.</summary>
/// <param name="batch">Whose it is.</param>
/// <param name="start">The first.</param>
/// <param name="end">The one after the last.</param>
internal sealed class BatchPart(SpreadBatch batch, int start, int end)
{
    private int _unsettled = end - start;

    public SpreadBatch Batch => batch;

    /// <summary>The next charge to be put into a message.</summary>
    public int Next { get; private set; } = start;

    public int Left => end - Next;

    /// <summary>What is left of it, as <see cref="LaneLimits.Bytes"/> counts.</summary>
    public int Bytes { get; private set; } = SumOf(batch.Charges.AsSpan(start, end - start));

    /// <summary>Whether the silo left some of it: what comes after must not overtake that.</summary>
    public bool IsLeft { get; set; }

    /// <summary>When it was put into the lane, as <see cref="TimeProvider.GetTimestamp"/> tells.</summary>
    public required long AddedAt { get; init; }

    /// <summary>Takes the next charge out of it.</summary>
    public RoutedCharge Take(int bytes)
    {
        Bytes -= bytes;
        return batch.Charges[Next++];
    }

    /// <summary>Some of its charges are done with: answered, refused, or left without an answer.</summary>
    public void Settle(int count)
    {
        _unsettled -= count;
        if (_unsettled == 0)
        {
            batch.PartIsDone();
        }
    }

    /// <summary>Gives what was not put into a message yet the same refusal; without one it stays without an answer.</summary>
    public void End(Func<string, Refusal>? refuse)
    {
        var left = Left;
        if (refuse is not null)
        {
            for (var i = Next; i < end; i++)
            {
                batch.Answer(i, refuse(batch.Charges[i].Account));
            }
        }

        Next = end;
        Settle(left);
    }

    private static int SumOf(ReadOnlySpan<RoutedCharge> charges)
    {
        var bytes = 0;
        foreach (ref readonly var charge in charges)
        {
            bytes += LaneLimits.Bytes(in charge);
        }

        return bytes;
    }
}
