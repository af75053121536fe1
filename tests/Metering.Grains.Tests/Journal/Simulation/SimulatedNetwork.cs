namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>
/// Everything under way between silos and stores. The seed decides which request is served next, whether its answer arrives, and
/// whether one that was reported failed takes effect much later.
/// </summary>
internal sealed class SimulatedNetwork(Random random)
{
    private readonly List<Request> _requests = [];

    /// <summary>While true, requests fail, get lost and land late.</summary>
    internal bool IsFaulty { get; set; } = true;

    /// <summary>Asks a store for something. The answer comes on the silo's scheduler.</summary>
    internal Task<T> Ask<T>(SeededScheduler silo, Func<T> effect)
    {
        // Not asynchronous: it is completed on the silo's scheduler, where all that follows must stay.
        var answer = new TaskCompletionSource<T>();
        _requests.Add(new Request(
            () => Outcome(effect),
            failure => silo.Run(() => answer.TrySetException(failure)),
            result => silo.Run(() => ((Action<TaskCompletionSource<T>>)result)(answer))));
        return answer.Task;
    }

    internal bool Step()
    {
        if (_requests.Count == 0)
        {
            return false;
        }

        var index = random.Next(_requests.Count);
        var request = _requests[index];
        _requests.RemoveAt(index);
        var fate = IsFaulty ? random.Next(400) : 0;
        if (request.IsLate || fate < 384)
        {
            request.Succeed(request.Effect());
        }
        else if (fate < 388)
        {
            request.Effect();
            request.Fail(Lost());
        }
        else if (fate < 392)
        {
            request.Fail(Lost());
        }
        else if (fate < 396)
        {
            request.Fail(Lost());
            _requests.Add(request with { IsLate = true });
        }
        else
        {
            request.Effect();
        }

        return true;
    }

    private static Metering.Grains.Journal.JournalStoreException Lost() => new("The connection was lost.");

    private static Action<TaskCompletionSource<T>> Outcome<T>(Func<T> effect)
    {
        try
        {
            var result = effect();
            return answer => answer.TrySetResult(result);
        }
        catch (SnapshotConflictException conflict)
        {
            return answer => answer.TrySetException(conflict);
        }
    }

    private sealed record Request(Func<object> Effect, Action<Exception> Fail, Action<object> Succeed)
    {
        /// <summary>Its failure was reported already.</summary>
        internal bool IsLate { get; init; }
    }
}
