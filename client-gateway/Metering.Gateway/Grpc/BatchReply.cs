using System.Buffers;
using Grpc.Core;
using Metering.Contracts;

namespace Metering.Gateway.Grpc;

/// <summary>
/// What a batch of charges is answered with: a result for each, in order. They are written as they are, without generated messages between; only what few
/// replies have, and refusals, are left to those.
/// </summary>
internal sealed record BatchReply
{
    /// <summary>Says that the gateway is stopping; it answers no batch.</summary>
    public static readonly BatchReply OfEnding = new() { Ending = true };

    /// <summary>The batch's, in a stream.</summary>
    public long Correlation { get; init; }

    public Answer<ChargeReply>[] Results { get; init; } = [];

    /// <summary>Why a batch of a stream was refused as a whole; then there are no results.</summary>
    public Refusal? Refusal { get; init; }

    public bool Ending { get; init; }

    /// <summary>Writes a <c>ChargeBatchReply</c>.</summary>
    public static void WriteBatch(BatchReply reply, SerializationContext context)
    {
        using var message = new MessageWriter();
        message.Number(WireTags.Correlation, reply.Correlation);
        WriteResults(message, WireTags.BatchResults, reply.Results);
        if (reply.Refusal is { } refusal)
        {
            message.Message(WireTags.RefusalOfBatch, Refusals.ToWire(refusal));
        }

        message.Flag(WireTags.Ending, reply.Ending);
        Complete(message, context);
    }

    /// <summary>Writes a <c>ChargeManyReply</c>.</summary>
    public static void WriteMany(BatchReply reply, SerializationContext context)
    {
        using var message = new MessageWriter();
        WriteResults(message, WireTags.ManyResults, reply.Results);
        Complete(message, context);
    }

    private static void WriteResults(MessageWriter message, byte tag, Answer<ChargeReply>[] results)
    {
        foreach (var result in results)
        {
            var start = message.Begin(tag);
            if (result.Refusal is { } refusal)
            {
                message.Message(WireTags.RefusalOfCharge, Refusals.ToWire(refusal));
            }
            else if (IsPlain(result.Reply!))
            {
                WritePlain(message, result.Reply!);
            }
            else
            {
                message.Message(WireTags.Reply, ChargeMessages.ToWire(result.Reply!));
            }

            message.End(start);
        }
    }

    private static bool IsPlain(ChargeReply reply) =>
        reply is { Violations.Count: 0, Crossed.Count: 0, Explanation: null or { Count: 0 }, Burned: null or { Count: 0 } };

    private static void WritePlain(MessageWriter message, ChargeReply reply)
    {
        var start = message.Begin(WireTags.Reply);
        message.Text(WireTags.ReplyId, reply.Id);
        message.Amount(WireTags.Credits, reply.Credits);
        if (reply.Uncovered != 0m)
        {
            message.Amount(WireTags.Uncovered, reply.Uncovered);
        }

        message.Amount(WireTags.Balance, reply.Balance);
        message.Amount(WireTags.Available, reply.Available);
        message.Number(WireTags.Sequence, reply.Sequence);
        message.Flag(WireTags.Replayed, reply.Replayed);
        message.End(start);
    }

    private static void Complete(MessageWriter message, SerializationContext context)
    {
        context.SetPayloadLength(message.Written.Length);
        context.GetBufferWriter().Write(message.Written);
        context.Complete();
    }
}
