namespace Metering.Core.Tests.Reference;

internal sealed partial class ReferenceAccount
{
    internal const int MaxProducers = 2;
    private const int ProducerWindow = 64;
    private readonly Dictionary<string, Dictionary<long, ReferenceAnswer>> _producers = [];
    private readonly Dictionary<string, DateTimeOffset> _heardFrom = [];

    /// <summary>A number seen before, or too far behind the highest to tell.</summary>
    private ReferenceAnswer? Repeated(string producer, long number)
    {
        if (!_producers.TryGetValue(producer, out var seen))
        {
            return null;
        }

        return number <= seen.Keys.Max() - ProducerWindow ? new(Outcome.TooOld)
            : seen.TryGetValue(number, out var answer) ? answer with { Replayed = true }
            : null;
    }

    private bool HasNoRoomFor(string producer, DateTimeOffset now) =>
        !_producers.ContainsKey(producer) && _producers.Count >= MaxProducers && _heardFrom.Values.All(last => last > now - IdWindow);

    private ReferenceAnswer Number(string producer, long number, ReferenceAnswer answer, DateTimeOffset now)
    {
        if (!_producers.TryGetValue(producer, out var seen))
        {
            // When room is needed, every producer that was silent for the window makes some.
            foreach (var silent in _heardFrom.Where(pair => _producers.Count >= MaxProducers && pair.Value <= now - IdWindow).Select(pair => pair.Key).ToList())
            {
                _producers.Remove(silent);
                _heardFrom.Remove(silent);
            }

            _producers[producer] = seen = [];
        }

        _heardFrom[producer] = now;
        seen[number] = answer;
        return answer;
    }

    private bool IsNumbered(string charge) => _producers.Any(producer => producer.Value.Keys.Any(number => number > producer.Value.Keys.Max() - ProducerWindow && $"{producer.Key}:{number}" == charge));
}
