using Grpc.Core;

namespace Metering.LoadTest.Run;

/// <summary>One unary call at a time, with one charge or many.</summary>
internal sealed class GrpcSender(GrpcConnection connection, SenderContext context) : Sender(context)
{
    public override async Task RunAsync()
    {
        var draw = Context.Source.NewDraw();
        var call = new ChargeCall(Context.ChargesPerCall, number: 0);
        for (var dueAt = await Context.Pacer.WaitAsync(); dueAt != Pacer.Over; dueAt = await Context.Pacer.WaitAsync())
        {
            call.Fill(draw, dueAt);
            do
            {
                await SendAsync(call);
            }
            while (!Settle(call) && await PauseAsync(call));
            await YieldAsync(call);
        }
    }

    private async Task SendAsync(ChargeCall call)
    {
        Context.Format.Write(call);
        call.Send();
        try
        {
            using var sent = connection.Call(Context.Kind, call.Payload, DateTime.UtcNow + AnswerTimeout);
            Context.Format.Read((await sent.ResponseAsync).Written, call.Outcomes);
        }
        catch (RpcException refused)
        {
            call.EndAll(Outcome.Refused(GrpcConnection.CodeOf(refused)));
        }
    }
}
