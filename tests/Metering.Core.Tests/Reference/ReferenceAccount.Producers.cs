namespace Metering.Core.Tests.Reference;

internal sealed partial class ReferenceAccount
{
    private const int ProducerWindow = 64;
    private readonly Dictionary<string, Dictionary<long, ReferenceAnswer>> _producers = [];

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

    private ReferenceAnswer Number(string producer, long number, ReferenceAnswer answer)
    {
        if (!_producers.TryGetValue(producer, out var seen))
        {
            _producers[producer] = seen = [];
        }

        seen[number] = answer;
        return answer;
    }

    private bool IsNumbered(string charge) => _producers.Any(producer => producer.Value.Keys.Any(number => number > producer.Value.Keys.Max() - ProducerWindow && $"{producer.Key}:{number}" == charge));
}
