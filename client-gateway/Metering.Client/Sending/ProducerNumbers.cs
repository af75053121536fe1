namespace Metering.Client.Sending;

/// <summary>
/// Gives a producer's charges rising numbers. An account takes a number only up to 63 behind the highest it has seen, and charges overtake each
/// other on the way; so no number is given that is more than 63 above one whose charge is still on its way to the same account.
/// </summary>
/// <remarks>
/// Numbers are counted for each account while charges of it are on the way. When none is, the account is forgotten, and it begins again above
/// all numbers ever given: gaps are fine, and memory goes by what is on the way and not by how many accounts there are.
/// </remarks>
internal sealed class ProducerNumbers(long first)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private long _highest = first - 1;
    private long _floor = first;

    /// <summary>The highest number given so far.</summary>
    public long Highest
    {
        get
        {
            lock (_lock)
            {
                return _highest;
            }
        }
    }

    /// <summary>The next number of an account, as soon as it may be given; it must be given back.</summary>
    public async Task<long> Take(string account, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        TaskCompletionSource<long> turn;
        lock (_lock)
        {
            if (!_lanes.TryGetValue(account, out var lane))
            {
                lane = new Lane(_floor);
                _lanes.Add(account, lane);
            }

            if (lane.TryTake(out var number))
            {
                _highest = Math.Max(_highest, number);
                return number;
            }

            turn = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            lane.Waiting.Enqueue(turn);
        }

        try
        {
            return await turn.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch when (!turn.TrySetCanceled(CancellationToken.None) && turn.Task.IsCompletedSuccessfully)
        {
            // The turn came at the moment the caller left.
            GiveBack(account, await turn.Task);
            throw;
        }
    }

    public void GiveBack(string account, long number)
    {
        lock (_lock)
        {
            var lane = _lanes[account];
            lane.GiveBack(number);
            while (lane.Waiting.TryPeek(out var turn) && (turn.Task.IsCompleted || lane.HasRoom))
            {
                lane.Waiting.Dequeue();
                if (turn.TrySetResult(lane.Next))
                {
                    lane.TryTake(out var given);
                    _highest = Math.Max(_highest, given);
                }
            }

            if (lane.IsEmpty && lane.Waiting.Count == 0)
            {
                _lanes.Remove(account);
                _floor = Math.Max(_floor, lane.Next);
            }
        }
    }

    /// <summary>The numbers of one account that are on the way.</summary>
    private sealed class Lane(long first)
    {
        private const int Window = 64;

        private long _oldest = first;

        // Bit i: the number i above the oldest has been given back.
        private ulong _back;

        public Queue<TaskCompletionSource<long>> Waiting { get; } = [];

        public long Next { get; private set; } = first;

        public bool HasRoom => Next - _oldest < Window;

        public bool IsEmpty => Next == _oldest;

        public bool TryTake(out long number)
        {
            number = Next;
            if (!HasRoom)
            {
                return false;
            }

            Next++;
            return true;
        }

        public void GiveBack(long number)
        {
            _back |= 1UL << (int)(number - _oldest);
            while ((_back & 1) == 1)
            {
                _back >>= 1;
                _oldest++;
            }
        }
    }
}
